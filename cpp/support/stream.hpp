// Writes that pass by the caches, for results larger than those: whoever reads them next would not
// find them there, and the memory they replace need not be read first.
#pragma once

#include <algorithm>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "support/lanes.hpp"

namespace penlight {
namespace {

constexpr int64_t kStreamedBytes = int64_t{1} << 25;  // about the outermost cache

// Whether a result of n elements is written past the caches.
template <typename T>
PENLIGHT_INLINE bool is_streamed(int64_t n) {
  return n >= kStreamedBytes / int64_t{sizeof(T)};
}

// `to` is aligned to the vector.
template <typename T>
PENLIGHT_INLINE void stream_vector(T* to, typename VectorOf<T>::Type value) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), __builtin_bit_cast(__m512i, value));
#elif defined(__AVX__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to), __builtin_bit_cast(__m256i, value));
#elif defined(__x86_64__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), __builtin_bit_cast(__m128i, value));
#else
  store_vector(to, value);
#endif
}

// Orders streamed writes before all that this thread writes next: once a chunk, before others hear
// that it is done.
PENLIGHT_INLINE void finish_streaming() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// out[i] = value(i) for n elements, the same in either way.
template <typename T, typename F>
PENLIGHT_INLINE void write_row(T* __restrict out, int64_t n, bool streamed, const F& value) {
  if (!streamed) {
    for (int64_t i = 0; i < n; ++i) out[i] = value(i);
    return;
  }
  constexpr int64_t kBlock = 256, kSize = VectorOf<T>::kSize;
  const auto address = reinterpret_cast<uintptr_t>(out);
  const int64_t gap = int64_t((kVectorBytes - address % kVectorBytes) % kVectorBytes / sizeof(T));
  int64_t at = std::min(gap, n);
  for (int64_t i = 0; i < at; ++i) out[i] = value(i);
  alignas(kVectorBytes) T block[kBlock];
  for (; at + kSize <= n;) {
    const int64_t size = std::min(kBlock, (n - at) / kSize * kSize);
    for (int64_t i = 0; i < size; ++i) block[i] = value(at + i);
    for (int64_t i = 0; i < size; i += kSize) stream_vector(out + at + i, load_vector(block + i));
    at += size;
  }
  for (; at < n; ++at) out[at] = value(at);
}

}  // namespace
}  // namespace penlight
