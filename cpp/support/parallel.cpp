#include "support/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace penlight {
namespace {

constexpr int kMostThreads = 256;
// Looks at a flag, a few tens of nanoseconds each, before a thread goes to sleep: kernels follow
// one another closely, and waking a thread takes longer than many of them.
constexpr int kLooks = 1000;

// True on a worker, and on a caller while it runs chunks: a nested parallel_for then stays serial.
thread_local bool inside_parallel = false;

struct Job {
  int64_t begin, end, grain, chunks;
  ChunkBody body;
  void* context;
};

int available_cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1U, std::thread::hardware_concurrency());
}

inline void pause_core() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

void run_chunk(const Job& job, int64_t chunk) {
  const int64_t first = job.begin + chunk * job.grain;
  job.body(job.context, first, std::min(first + job.grain, job.end));
}

class Pool {
 public:
  // Runs the job on at most `threads` threads, the caller's among them; false if the pool is busy
  // with the job of another caller.
  bool run(const Job& job, int threads) {
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn.owns_lock()) return false;
    grow(threads - 1);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      job_ = job;
      next_.store(0, std::memory_order_relaxed);
      wanted_ = std::min(threads - 1, workers_.load());
      ++generation_;
    }
    wake_.notify_all();
    work(job);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      wanted_ = 0;  // a worker that has not begun by now has nothing to do
    }
    const bool looks = workers_ < cores_;
    if (looks && come_true([this] { return busy_.load(std::memory_order_acquire) == 0; })) {
      return true;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    return true;
  }

 private:
  // Whether a condition comes true soon.
  template <typename F>
  static bool come_true(const F& condition) {
    for (int look = 0; look < kLooks; ++look) {
      if (condition()) return true;
      pause_core();
    }
    return false;
  }

  void grow(int workers) {
    while (workers_ < std::min(workers, kMostThreads)) {
      try {
        std::thread([this] { serve(); }).detach();
      } catch (const std::system_error&) {
        return;  // the system has no more threads to give: those there are do the work
      }
      ++workers_;
    }
  }

  void serve() {
    inside_parallel = true;
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      const bool looks = workers_ < cores_;
      lock.unlock();
      if (looks) come_true([&] { return generation_.load(std::memory_order_relaxed) != seen; });
      lock.lock();
      wake_.wait(lock, [&] { return generation_ != seen; });
      seen = generation_;
      if (wanted_ == 0) continue;
      --wanted_;
      ++busy_;
      const Job job = job_;
      lock.unlock();
      work(job);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void work(const Job& job) {
    for (;;) {
      const int64_t chunk = next_.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= job.chunks) return;
      run_chunk(job, chunk);
    }
  }

  std::mutex turn_;   // held by the caller whose job runs
  std::mutex mutex_;  // held to change what follows, but for next_ and workers_
  std::condition_variable wake_, done_;
  Job job_{};
  std::atomic<uint64_t> generation_{0};
  std::atomic<int> busy_{0};
  int wanted_ = 0;
  std::atomic<int> workers_{0};  // changed under turn_ alone
  const int cores_ = available_cores();
  std::atomic<int64_t> next_{0};
};

// Never deleted: detached workers wait in it until the process ends. After fork the child forgets
// the parent's pool, whose threads it does not have and whose locks may be held, and makes another.
std::atomic<Pool*> shared_pool{nullptr};

Pool& pool() {
  Pool* current = shared_pool.load(std::memory_order_acquire);
  if (current != nullptr) return *current;
#if !defined(_WIN32)
  static std::atomic<bool> registered{false};
  if (!registered.exchange(true)) {
    pthread_atfork(nullptr, nullptr, [] { shared_pool.store(nullptr); });
  }
#endif
  Pool* made = new Pool;
  if (shared_pool.compare_exchange_strong(current, made)) return *made;
  delete made;  // another thread was first, and nobody saw this one
  return *current;
}

// As torch and BLAS do, OMP_NUM_THREADS says how many where nothing else does.
int default_threads() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  const int asked = text == nullptr ? 0 : std::atoi(text);
  return std::clamp(asked > 0 ? asked : available_cores(), 1, kMostThreads);
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{default_threads()};
  return count;
}

}  // namespace

int get_num_threads() { return thread_count().load(std::memory_order_relaxed); }

void set_num_threads(int count) { thread_count().store(std::clamp(count, 1, kMostThreads)); }

void run_chunks(int64_t begin, int64_t end, int64_t grain, ChunkBody body, void* context) {
  if (begin >= end) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t chunks = (end - begin - 1) / grain + 1;
  const Job job{begin, end, grain, chunks, body, context};
  const int threads = static_cast<int>(std::min<int64_t>(get_num_threads(), chunks));
  if (threads > 1 && !inside_parallel) {
    inside_parallel = true;
    const bool ran = pool().run(job, threads);
    inside_parallel = false;
    if (ran) return;
  }
  for (int64_t chunk = 0; chunk < chunks; ++chunk) run_chunk(job, chunk);
}

}  // namespace penlight
