#include "kernels/embedding.hpp"

#include "support/lanes.hpp"
#include "support/parallel.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kChunkColumns = 128;

// Chunks are columns, so that each row's sum keeps the order of the indices.
template <typename T>
void add_rows(T* out, const int64_t* indices, const T* values, int64_t n, int64_t e) {
  parallel_for(0, e, kChunkColumns, [=](int64_t first, int64_t last) {
    for (int64_t i = 0; i < n; ++i) {
      T* __restrict row = out + indices[i] * e;
      const T* __restrict value = values + i * e;
      for (int64_t c = first; c < last; ++c) row[c] += value[c];
    }
  });
}

template <typename T>
void clear_rows(T* out, const int64_t* indices, int64_t n, int64_t e) {
  for (int64_t i = 0; i < n; ++i) {
    T* row = out + indices[i] * e;
    for (int64_t c = 0; c < e; ++c) row[c] = 0;
  }
}

}  // namespace

const Both<EmbeddingKernels> kEmbedding{{add_rows<float>, clear_rows<float>},
                                        {add_rows<double>, clear_rows<double>}};

}  // namespace penlight::PENLIGHT_LEVEL
