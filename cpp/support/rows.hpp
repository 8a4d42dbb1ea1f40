// The exponentials of a row and their sum, as softmax and what is made of it need them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "support/lanes.hpp"

namespace penlight {
namespace {

constexpr int64_t kRowBlock = 512;     // elements whose exponentials are kept at once
constexpr int64_t kRowChunk = 65536;   // elements of rows worth a chunk of their own
constexpr int64_t kBlocksInLanes = 8;  // blocks that are added up before double precision is due

// Adds up a row block by block: in sixteen lanes, and these in double precision now and then, so
// that rows may be long.
template <typename T>
class RowSum {
 public:
  PENLIGHT_INLINE void add(const T* x, int64_t n) {
    lanes_.add(x, n);
    if (++blocks_ == kBlocksInLanes) fold();
  }

  // Adds value(i) for each of n elements.
  template <typename F>
  PENLIGHT_INLINE void add_values(int64_t n, const F& value) {
    for (int64_t start = 0; start < n; start += kRowBlock) {
      lanes_.add_values(start, std::min(start + kRowBlock, n), value);
      if (++blocks_ == kBlocksInLanes) fold();
    }
  }

  PENLIGHT_INLINE double exact() { return total_ + double(lanes_.total()); }
  PENLIGHT_INLINE T total() { return T(exact()); }

 private:
  PENLIGHT_INLINE void fold() {
    total_ += lanes_.total();
    lanes_ = {};
    blocks_ = 0;
  }

  Sum<T> lanes_;
  double total_ = 0;
  int64_t blocks_ = 0;
};

// Writes e^(x - most) and returns the sum.
template <typename T>
PENLIGHT_INLINE T exponentials(T* __restrict out, const T* __restrict x, T most, int64_t n) {
  RowSum<T> sum;
  for (int64_t start = 0; start < n; start += kRowBlock) {
    const int64_t size = std::min(kRowBlock, n - start);
    for (int64_t i = 0; i < size; ++i) out[start + i] = exp_below_lane(x[start + i] - most);
    sum.add(out + start, size);
  }
  return sum.total();
}

// The same sum, to the bit, of exponentials that nobody keeps.
template <typename T>
PENLIGHT_INLINE T sum_of_exponentials(const T* x, T most, int64_t n) {
  T block[kRowBlock];
  RowSum<T> sum;
  for (int64_t start = 0; start < n; start += kRowBlock) {
    const int64_t size = std::min(kRowBlock, n - start);
    for (int64_t i = 0; i < size; ++i) block[i] = exp_below_lane(x[start + i] - most);
    sum.add(block, size);
  }
  return sum.total();
}

// The number of rows of n elements that make a chunk.
inline int64_t rows_in_chunk(int64_t n) {
  return std::max<int64_t>(1, kRowChunk / std::max<int64_t>(n, 1));
}

}  // namespace
}  // namespace penlight
