// A cache of large memory blocks in front of another allocator, whose pages would otherwise go back
// to the system at every free and be faulted in, and zeroed, at every allocation.
//
// Small requests pass through. A large one is rounded up to its class, eight to an octave, and
// served by the block that was freed last of that class, or of one not much larger. What is cached
// never exceeds a limit: the blocks freed longest ago go first. They also go when several times the
// memory in use has been asked for since and none of it fitted them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penlight {

// The allocator below. Sizes given to `free` are those asked for.
struct RawAllocator {
  void* context;
  void* (*malloc)(void* context, size_t size);
  void* (*calloc)(void* context, size_t count, size_t size);
  void* (*realloc)(void* context, void* data, size_t size);
  void (*free)(void* context, void* data, size_t size);
};

// Sets the allocator below, once, and the bytes that may be cached.
void open_block_cache(const RawAllocator& raw, size_t limit);

void* allocate_block(size_t size);
void* allocate_zeros(size_t count, size_t size);
void* resize_block(void* data, size_t size);
void free_block(void* data);

size_t cached_bytes();
void release_cached();

}  // namespace penlight
