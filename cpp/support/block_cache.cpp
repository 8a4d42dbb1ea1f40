#include "support/block_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace penlight {
namespace {

constexpr size_t kLeast = size_t{1} << 16;       // smaller requests pass through
constexpr size_t kMost = size_t{1} << 27;        // larger ones too
constexpr size_t kMostZeroed = size_t{1} << 23;  // zeros beyond stay lazy
constexpr size_t kMostLazy = size_t{1} << 26;    // and beyond this they pass through
constexpr int kSteps = 8;                        // classes per octave
constexpr int kClasses = 11 * kSteps + 1;
constexpr int kLarger = 4;      // how many classes up may serve a request
constexpr uint64_t kStale = 4;  // memories' worth of requests after which a block is given back
constexpr size_t kAlign = 64;   // of large blocks

// Stands before the data of every block, large or small.
struct alignas(16) Header {
  uint64_t size;       // of the data
  uint32_t offset;     // of the data from where the memory begins
  int32_t size_class;  // -1: not for the cache
};

// While a block is cached, its data holds these: its neighbours in the list of its class and in the
// list by age.
struct Links {
  Links *newer_of_class, *older_of_class;
  Links *newer, *older;
  uint64_t freed_at;  // bytes asked for until then
};

Header* header_of(void* data) { return static_cast<Header*>(data) - 1; }

size_t size_of_class(int size_class) {
  return static_cast<size_t>(kSteps + size_class % kSteps) << (13 + size_class / kSteps);
}

int class_of(size_t size) {
  const int octave =
      std::bit_width(size - 1) - 17;  // size is above 2^(16 + octave), or equals 2^16
  if (octave < 0) return 0;
  const size_t step = size_t{1} << (13 + octave);
  return octave * kSteps + static_cast<int>((size + step - 1) / step) - kSteps;
}

class BlockCache {
 public:
  void open(const RawAllocator& raw, size_t limit) {
    raw_ = raw;
    limit_ = limit;
  }

  void* allocate(size_t size) {
    if (size < kLeast || size > kMost) return fresh(size, false);
    const int size_class = class_of(size);
    void* data = take(size_class);
    return data != nullptr ? data : fresh_of_class(size_class, false);
  }

  void* zeros(size_t size) {
    if (size < kLeast || size > kMostLazy) return fresh(size, true);
    const int size_class = class_of(size);
    void* data = size <= kMostZeroed ? take(size_class) : nullptr;
    return data != nullptr ? std::memset(data, 0, size) : fresh_of_class(size_class, true);
  }

  void* resize(void* data, size_t size) {
    if (data == nullptr) return allocate(size);
    Header* header = header_of(data);
    if (header->size_class < 0 && (size < kLeast || size > kMost)) {
      void* memory = raw_.realloc(raw_.context, header, size + sizeof(Header));
      return memory == nullptr ? nullptr : finish(memory, sizeof(Header), size, -1);
    }
    void* moved = allocate(size);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, data, std::min<size_t>(header->size, size));
    free(data);
    return moved;
  }

  void free(void* data) {
    if (data == nullptr) return;
    Header* header = header_of(data);
    if (header->size_class < 0) {
      give_back(data);
      return;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    put(static_cast<Links*>(data), header->size_class);
    cached_ += header->size;
    in_use_ -= header->size;
    const uint64_t stale = kStale * (in_use_ + cached_);
    while (cached_ > limit_ || (oldest_ != nullptr && asked_ - oldest_->freed_at > stale)) {
      drop_oldest();
    }
  }

  size_t cached() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return cached_;
  }

  void release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (oldest_ != nullptr) drop_oldest();
  }

  std::mutex& mutex() { return mutex_; }

 private:
  static void* finish(void* memory, size_t offset, size_t size, int size_class) {
    void* data = static_cast<char*>(memory) + offset;
    *header_of(data) = {size, static_cast<uint32_t>(offset), size_class};
    return data;
  }

  void* memory_of(size_t size, bool zeroed) {
    return zeroed ? raw_.calloc(raw_.context, 1, size) : raw_.malloc(raw_.context, size);
  }

  void* fresh(size_t size, bool zeroed) {
    if (size > SIZE_MAX - sizeof(Header)) return nullptr;
    void* memory = memory_of(size + sizeof(Header), zeroed);
    return memory == nullptr ? nullptr : finish(memory, sizeof(Header), size, -1);
  }

  void* fresh_of_class(int size_class, bool zeroed) {
    const size_t size = size_of_class(size_class);
    void* memory = memory_of(size + kAlign + sizeof(Header), zeroed);
    if (memory == nullptr) return nullptr;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      in_use_ += size;
    }
    const size_t first = reinterpret_cast<uintptr_t>(memory) + sizeof(Header);
    const size_t offset = sizeof(Header) + (kAlign - first % kAlign) % kAlign;
    return finish(memory, offset, size, size_class);
  }

  void give_back(void* data) {
    const Header header = *header_of(data);
    const size_t asked = header.size + sizeof(Header) + (header.size_class < 0 ? 0 : kAlign);
    raw_.free(raw_.context, static_cast<char*>(data) - header.offset, asked);
  }

  void* take(int size_class) {
    const std::lock_guard<std::mutex> lock(mutex_);
    asked_ += size_of_class(size_class);
    const int last = std::min(size_class + kLarger, kClasses - 1);
    for (; size_class <= last; ++size_class) {
      Links* links = newest_[size_class];
      if (links == nullptr) continue;
      unlink(links);
      in_use_ += size_of_class(size_class);
      return links;
    }
    return nullptr;
  }

  void put(Links* links, int size_class) {
    *links = {nullptr, newest_[size_class], nullptr, newest_of_all_, asked_};
    if (links->older_of_class != nullptr) links->older_of_class->newer_of_class = links;
    newest_[size_class] = links;
    (newest_of_all_ != nullptr ? newest_of_all_->newer : oldest_) = links;
    newest_of_all_ = links;
  }

  void unlink(Links* links) {
    const Header* header = header_of(links);
    cached_ -= header->size;
    (links->newer_of_class != nullptr ? links->newer_of_class->older_of_class
                                      : newest_[header->size_class]) = links->older_of_class;
    if (links->older_of_class != nullptr) {
      links->older_of_class->newer_of_class = links->newer_of_class;
    }
    (links->newer != nullptr ? links->newer->older : newest_of_all_) = links->older;
    (links->older != nullptr ? links->older->newer : oldest_) = links->newer;
  }

  void drop_oldest() {
    Links* links = oldest_;
    unlink(links);
    give_back(links);
  }

  RawAllocator raw_{};
  size_t limit_ = 0;
  std::mutex mutex_;                // guards what follows
  size_t cached_ = 0, in_use_ = 0;  // of large blocks
  uint64_t asked_ = 0;
  Links* newest_[kClasses] = {};
  Links *newest_of_all_ = nullptr, *oldest_ = nullptr;
};

// Never deleted: arrays may outlive everything else.
BlockCache& cache() {
  static BlockCache* made = new BlockCache;
  return *made;
}

}  // namespace

void open_block_cache(const RawAllocator& raw, size_t limit) {
  cache().open(raw, limit);
#if !defined(_WIN32)
  // No thread is in the cache at the moment of a fork, so the child finds it whole and unlocked.
  pthread_atfork([] { cache().mutex().lock(); }, [] { cache().mutex().unlock(); },
                 [] { cache().mutex().unlock(); });
#endif
}

void* allocate_block(size_t size) { return cache().allocate(size); }

void* allocate_zeros(size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  return cache().zeros(count * size);
}

void* resize_block(void* data, size_t size) { return cache().resize(data, size); }

void free_block(void* data) { cache().free(data); }

size_t cached_bytes() { return cache().cached(); }

void release_cached() { cache().release(); }

}  // namespace penlight
