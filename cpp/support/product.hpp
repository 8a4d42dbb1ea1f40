// The small matrix product inside a recurrent step: a few rows times a matrix packed once a call.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>

#include "support/lanes.hpp"

namespace penlight {
namespace {

// A matrix (K, N) cut into panels of kWidth adjacent columns, each stored row after row and padded
// with zeros: [panel][k][kWidth].
template <typename T>
class PackedMatrix {
 public:
  static constexpr int kVectors = 3;
  static constexpr int kSize = VectorOf<T>::kSize;
  static constexpr int64_t kWidth = kVectors * kSize;

  // element(k, n) = data[k * row_stride + n * column_stride]
  PackedMatrix(const T* data, int64_t k, int64_t n, int64_t row_stride, int64_t column_stride)
      : k_(k), panels_((n + kWidth - 1) / kWidth), data_(new T[panels_ * k * kWidth]()) {
    for (int64_t column = 0; column < n; ++column) {
      T* to = data_.get() + column / kWidth * k * kWidth + column % kWidth;
      const T* from = data + column * column_stride;
      for (int64_t row = 0; row < k; ++row) to[row * kWidth] = from[row * row_stride];
    }
  }

  // Columns of the padded product.
  int64_t padded() const { return panels_ * kWidth; }

  // out (rows, padded()) = a (rows, K) times the matrix. Each element is the sum over k in order,
  // however many rows there are.
  void multiply(T* out, const T* a, int64_t rows) const {
    int64_t row = 0;
    for (; row + kTileRows <= rows; row += kTileRows) {
      tiles<kTileRows, 1>(out + row * padded(), a + row * k_);
    }
    if constexpr (kTileRows > 4) {
      if (row + 4 <= rows) {
        tiles<4, 1>(out + row * padded(), a + row * k_);
        row += 4;
      }
    }
    if (row + 2 <= rows) {
      tiles<2, 2>(out + row * padded(), a + row * k_);
      row += 2;
    }
    if (row < rows) tiles<1, 4>(out + row * padded(), a + row * k_);
  }

 private:
  // Few rows take several panels at once: a multiply-add waits for the one before it, so enough of
  // them must be under way.
  template <int kRows, int kPanels>
  PENLIGHT_INLINE void tiles(T* out, const T* a) const {
    int64_t panel = 0;
    for (; panel + kPanels <= panels_; panel += kPanels) tile<kRows, kPanels>(out, a, panel);
    if constexpr (kPanels > 1) {
      for (; panel < panels_; ++panel) tile<kRows, 1>(out, a, panel);
    }
  }

  template <int kRows, int kPanels>
  PENLIGHT_INLINE void tile(T* out, const T* a, int64_t panel) const {
    using Vector = typename VectorOf<T>::Type;
    using Unaligned = typename VectorOf<T>::Unaligned;
    constexpr int kAll = kPanels * kVectors;
    const T* from = data_.get() + panel * k_ * kWidth;
    Vector sum[kRows][kAll] = {};
    for (int64_t k = 0; k < k_; ++k) {
      Vector weight[kAll];
      for (int v = 0; v < kAll; ++v) {
        const T* at = from + (v / kVectors) * k_ * kWidth + k * kWidth + (v % kVectors) * kSize;
        weight[v] = *reinterpret_cast<const Unaligned*>(at);
      }
      for (int r = 0; r < kRows; ++r) {
        for (int v = 0; v < kAll; ++v) sum[r][v] += weight[v] * a[r * k_ + k];
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kAll; ++v) {
        T* to = out + r * padded() + panel * kWidth + v * kSize;
        *reinterpret_cast<Unaligned*>(to) = sum[r][v];
      }
    }
  }

  int64_t k_, panels_;
  std::unique_ptr<T[]> data_;
};

}  // namespace
}  // namespace penlight
