// The small matrix product inside a recurrent step: some rows times a matrix packed once a call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "support/lanes.hpp"
#include "support/parallel.hpp"

namespace penlight {
namespace {

// A matrix (K, N) cut into panels of kWidth adjacent columns, each stored row after row:
// [panel][k][width]. The last panel is as narrow as whole vectors allow, filled up with zeros.
template <typename T>
class PackedMatrix {
 public:
  static constexpr int kVectors = 3;
  static constexpr int kSize = VectorOf<T>::kSize;
  static constexpr int64_t kWidth = kVectors * kSize;
  // Rows of a panel that stay in the innermost cache while rows of `a` pass by.
  static constexpr int64_t kDepth = 16384 / (kWidth * sizeof(T));

  // element(k, n) = data[k * row_stride + n * column_stride]; one of the strides is 1. The bias (N)
  // may be null.
  PackedMatrix(const T* data, const T* bias, int64_t k, int64_t n, int64_t row_stride,
               int64_t column_stride)
      : k_(k),
        padded_((n + kSize - 1) / kSize * kSize),
        data_(new T[padded_ * k]),
        bias_(new T[padded_]()) {
    if (bias) std::copy_n(bias, n, bias_.get());
    const int64_t grain = kGrain / 16 / (k * kWidth + 1) + 1;
    parallel_for(0, (padded_ - 1) / kWidth + 1, grain, [&](int64_t first, int64_t last) {
      for (int64_t column = first * kWidth; column < std::min(last * kWidth, padded_);
           column += kWidth) {
        const int64_t width = std::min(kWidth, padded_ - column);
        const T* from = data + column * column_stride;
        T* to = data_.get() + column * k;
        for (int64_t at = 0; at < width; at += kSize) {
          const int64_t filled = std::min<int64_t>(kSize, n - column - at);
          fill(to + at, width, from + at * column_stride, filled, row_stride, column_stride);
        }
      }
    });
  }

  // Columns of the padded product.
  int64_t padded() const { return padded_; }

  // out (rows, padded()) = a (rows, K) times the matrix plus the bias, rows of `a` being `stride`
  // apart. Each element is the sum over k in order, beginning with the bias, however many rows
  // there are.
  // With `turn` few rows meet the panels in the opposite order: those that the call before used
  // last are still in the innermost cache.
  void multiply(T* out, const T* a, int64_t stride, int64_t rows, bool turn = false) const {
    constexpr int64_t kGroup = 4 * kWidth;
    const int64_t groups = (padded_ - 1) / kGroup + 1;
    const int64_t grain = kGrain / (rows * k_ * kGroup + 1) + 1;
    if (groups <= grain) return columns(out, a, stride, rows, 0, padded_, turn);
    parallel_for(0, groups, grain, [&](int64_t first, int64_t last) {
      columns(out, a, stride, rows, first * kGroup, std::min(last * kGroup, padded_), turn);
    });
  }

 private:
  using Vector = typename VectorOf<T>::Type;
  static constexpr int64_t kGrain = int64_t{1} << 21;  // multiply-adds that are worth a thread

  static PENLIGHT_INLINE Vector load(const T* from) { return load_vector(from); }
  static PENLIGHT_INLINE void store(T* to, Vector value) { store_vector(to, value); }

  // The columns [begin, end), which begin with a panel.
  void columns(T* out, const T* a, int64_t stride, int64_t rows, int64_t begin, int64_t end,
               bool turn) const {
    // One row or two take several panels at once: a multiply-add waits for the one before it, so
    // enough of them must be under way.
    if (rows == 1) return wide<1, 4>(out, a, stride, begin, end, turn);
    if (rows == 2) return wide<2, 2>(out, a, stride, begin, end, turn);
    for (int64_t column = begin; column < end; column += kWidth) {
      for (int64_t k = 0; k < std::max<int64_t>(k_, 1); k += kDepth) {
        const int64_t depth = std::min(kDepth, k_ - k);
        switch ((end - column) / kSize) {
          case 1:
            block<1>(out + column, a + k, stride, rows, column, k, depth);
            break;
          case 2:
            block<2>(out + column, a + k, stride, rows, column, k, depth);
            break;
          default:
            block<3>(out + column, a + k, stride, rows, column, k, depth);
        }
      }
    }
  }

  // Rows of `depth` rows of a panel; the sums go on from `out`, or begin with the bias.
  template <int kWide>
  PENLIGHT_INLINE void block(T* out, const T* a, int64_t stride, int64_t rows, int64_t column,
                             int64_t k, int64_t depth) const {
    const T* from = data_.get() + column * k_ + k * kWide * kSize;
    const T* begin = k > 0 ? out : bias_.get() + column;
    const int64_t begin_stride = k > 0 ? padded_ : 0;
    int64_t row = 0;
    const auto some = [&]<int kRows>() {
      tile<kRows, kWide>(out + row * padded_, a + row * stride, stride, from, depth,
                         begin + row * begin_stride, begin_stride);
      row += kRows;
    };
    if constexpr (kTileRows > 4) {
      while (row + kTileRows <= rows) some.template operator()<kTileRows>();
    }
    // Tiles of three rows rather than of two or one, which would wait for their own sums.
    const int64_t left = rows - row, threes = 3 - (left + 3) % 4;
    const int64_t fours = left >= 3 * threes ? rows - 3 * threes : row;
    while (row < fours) some.template operator()<4>();
    while (row + 3 <= rows) some.template operator()<3>();
    if (row + 2 <= rows) some.template operator()<2>();
    if (row < rows) some.template operator()<1>();
  }

  // out = begin + a times `depth` rows of a panel.
  template <int kRows, int kWide>
  [[gnu::noinline]] void tile(T* out, const T* a, int64_t stride, const T* from, int64_t depth,
                              const T* begin, int64_t begin_stride) const {
    Vector sum[kRows][kWide];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kWide; ++v) sum[r][v] = load(begin + r * begin_stride + v * kSize);
    }
    for (int64_t k = 0; k < depth; ++k) {
      Vector weight[kWide];
      for (int v = 0; v < kWide; ++v) weight[v] = load(from + (k * kWide + v) * kSize);
      for (int r = 0; r < kRows; ++r) {
        for (int v = 0; v < kWide; ++v) sum[r][v] += weight[v] * a[r * stride + k];
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kWide; ++v) store(out + r * padded_ + v * kSize, sum[r][v]);
    }
  }

  // Copies kSize columns, of which `filled` are there, into rows that are `width` apart.
  void fill(T* to, int64_t width, const T* from, int64_t filled, int64_t row_stride,
            int64_t column_stride) {
    int64_t row = 0;
    if (filled == kSize && column_stride != 1) {
      for (; row + kSize <= k_; row += kSize) {
        Vector block[kSize];
        for (int i = 0; i < kSize; ++i) block[i] = load(from + row + i * column_stride);
        transpose(block);
        for (int i = 0; i < kSize; ++i) store(to + (row + i) * width, block[i]);
      }
    }
    if (filled == kSize && column_stride == 1) {
      for (; row < k_; ++row) store(to + row * width, load(from + row * row_stride));
    }
    for (; row < k_; ++row) {
      for (int64_t i = 0; i < kSize; ++i) {
        to[row * width + i] = i < filled ? from[row * row_stride + i * column_stride] : T(0);
      }
    }
  }

  template <int kRows, int kPanels>
  PENLIGHT_INLINE void wide(T* out, const T* a, int64_t stride, int64_t begin, int64_t end,
                            bool turn) const {
    constexpr int64_t kStep = kPanels * kWidth;
    const int64_t whole = begin + (end - begin) / kStep * kStep;
    if (turn) rest<kRows, kPanels - 1>(out, a, stride, whole, end);
    for (int64_t at = begin; at < whole; at += kStep) {
      panels<kRows, kPanels, 0>(out, a, stride, turn ? begin + whole - kStep - at : at);
    }
    if (!turn) rest<kRows, kPanels - 1>(out, a, stride, whole, end);
  }

  // At most kPanels whole panels, and the narrow one.
  template <int kRows, int kPanels>
  PENLIGHT_INLINE void rest(T* out, const T* a, int64_t stride, int64_t column, int64_t end) const {
    const int64_t left = end - column;
    if constexpr (kPanels > 0) {
      if (left < kPanels * kWidth) return rest<kRows, kPanels - 1>(out, a, stride, column, end);
    }
    const int64_t narrow = left - kPanels * kWidth;
    if (narrow == 2 * kSize) return panels<kRows, kPanels, 2>(out, a, stride, column);
    if (narrow == kSize) return panels<kRows, kPanels, 1>(out, a, stride, column);
    if constexpr (kPanels > 0) panels<kRows, kPanels, 0>(out, a, stride, column);
  }

  // kPanels whole panels and one of kNarrow vectors.
  template <int kRows, int kPanels, int kNarrow>
  [[gnu::noinline]] void panels(T* out, const T* a, int64_t stride, int64_t column) const {
    constexpr int kAll = kPanels * kVectors + kNarrow;
    const T* from = data_.get() + column * k_;
    Vector sum[kRows][kAll];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kAll; ++v) sum[r][v] = load(bias_.get() + column + v * kSize);
    }
    for (int64_t k = 0; k < k_; ++k) {
      for (int v = 0; v < kAll; ++v) {
        const int wide = v / kVectors < kPanels ? kVectors : kNarrow;
        const T* at = from + (v / kVectors) * k_ * kWidth + (k * wide + v % kVectors) * kSize;
        const Vector weight = load(at);
        for (int r = 0; r < kRows; ++r) sum[r][v] += weight * a[r * stride + k];
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kAll; ++v) store(out + r * padded_ + column + v * kSize, sum[r][v]);
    }
  }

  int64_t k_, padded_;
  std::unique_ptr<T[]> data_, bias_;
};

}  // namespace
}  // namespace penlight
