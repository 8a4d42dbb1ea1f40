// A pool of threads with one entry, parallel_for. A range is cut into chunks of `grain`, whatever
// the number of threads, so no result depends on that number. The pool survives fork: the child
// starts its own.
#pragma once

#include <cstdint>

namespace penlight {

// Calls body(context, first, last) for each chunk. The body must not throw.
using ChunkBody = void (*)(void* context, int64_t first, int64_t last);

void run_chunks(int64_t begin, int64_t end, int64_t grain, ChunkBody body, void* context);

int get_num_threads();
void set_num_threads(int count);

namespace {

// f(first, last) must not throw. A nested call runs its chunks where it is.
template <typename F>
void parallel_for(int64_t begin, int64_t end, int64_t grain, const F& f) {
  const auto body = [](void* context, int64_t first, int64_t last) {
    (*static_cast<const F*>(context))(first, last);
  };
  run_chunks(begin, end, grain, body, const_cast<F*>(&f));
}

}  // namespace
}  // namespace penlight
