#include "kernels/sums.hpp"

#include <algorithm>
#include <memory>

#include "support/lanes.hpp"
#include "support/parallel.hpp"
#include "support/rows.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kMostParts = 64;  // of a row, or of all rows, whose sums are kept at once

// Adds up what rounding takes away beside the sum. Of a sum that is not finite nothing is.
PENLIGHT_INLINE double careful_sum(const double* values, int64_t count) {
  double sum = values[0], lost = 0;
  for (int64_t i = 1; i < count; ++i) {
    const double next = sum + values[i], added = next - sum;
    lost += (sum - (next - added)) + (values[i] - added);
    sum = next;
  }
  return lost == lost ? sum + lost : sum;
}

// ---- rows ---------------------------------------------------------------------------------------

constexpr int64_t kShortRow = 128;  // as many are added without blocks
constexpr int kWidthBytes = 128;    // of numbers that are added side by side, at every level
constexpr int64_t kDepth = 8;       // numbers that follow one another in a lane of a block
constexpr int kLevels = 40;         // blocks are at most 2^40

// Adds numbers block by block, and blocks by pairs, pairs by pairs.
template <typename T>
class BlockSum {
 public:
  BlockSum() {}  // leaves sums_ unset

  static constexpr int64_t kLanes = kWidthBytes / sizeof(T);
  static constexpr int64_t kBlock = kLanes * kDepth;

  PENLIGHT_INLINE double of(const T* x, int64_t n) {
    int64_t at = 0;
    for (; at + kBlock <= n; at += kBlock) add_block(x + at);
    Vector sum[kVectors] = {};
    for (; at + kLanes <= n; at += kLanes) add(sum, x + at);
    for (int level = 0; (count_ >> level) != 0; ++level) {
      if ((count_ >> level) % 2 != 0) add(sum, sums_[level]);
    }
    T lane[kLanes];
    store(lane, sum);
    for (int64_t l = 0; at + l < n; ++l) lane[l] += x[at + l];
    return total(lane);
  }

 private:
  using Vector = typename VectorOf<T>::Type;
  static constexpr int kVectors = kWidthBytes / kVectorBytes;

  static PENLIGHT_INLINE void add(Vector (&sum)[kVectors], const T* x) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sum[v] += load_vector(x + v * VectorOf<T>::kSize);
  }

  static PENLIGHT_INLINE void store(T* to, const Vector (&sum)[kVectors]) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) store_vector(to + v * VectorOf<T>::kSize, sum[v]);
  }

  PENLIGHT_INLINE void add_block(const T* x) {
    Vector sum[kVectors] = {};
#pragma GCC unroll 8
    for (int64_t row = 0; row < kDepth; ++row) add(sum, x + row * kLanes);
    int level = 0;
    for (; (count_ >> level) % 2 != 0; ++level) add(sum, sums_[level]);
    store(sums_[level], sum);
    ++count_;
  }

  // The lanes by halves, and what rounding takes away from those sums.
  static PENLIGHT_INLINE double total(const T* lane) {
    double sum[kLanes], lost[kLanes] = {};
    for (int64_t l = 0; l < kLanes; ++l) sum[l] = double(lane[l]);
    for (int64_t half = kLanes / 2; half > 0; half /= 2) {
      for (int64_t l = 0; l < half; ++l) {
        const double one = sum[l], other = sum[l + half], next = one + other, added = next - one;
        lost[l] += lost[l + half];
        if (sizeof(T) == sizeof(double)) lost[l] += (one - (next - added)) + (other - added);
        sum[l] = next;
      }
    }
    return lost[0] == lost[0] ? sum[0] + lost[0] : sum[0];
  }

  T sums_[kLevels][kLanes];  // sums_[k]: of 2^k blocks, where the count has that bit
  int64_t count_ = 0;
};

// A long row is added in parts.
template <typename T>
struct Parts {
  int64_t size, count;

  explicit Parts(int64_t l) {
    constexpr int64_t kBlock = BlockSum<T>::kBlock;
    const int64_t least = std::max(kRowChunk, (l + kMostParts - 1) / kMostParts);
    size = (least + kBlock - 1) / kBlock * kBlock;
    count = (l + size - 1) / size;
  }
};

template <typename T>
T sum_of_few(const T* x, int64_t n) {
  constexpr int64_t kSide = 8;
  T lane[kSide] = {};
  int64_t i = 0;
  for (; i + kSide <= n; i += kSide)
    for (int64_t l = 0; l < kSide; ++l) lane[l] += x[i + l];
  T sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  for (; i < n; ++i) sum += x[i];
  return sum;
}

// The parts are shared out among threads.
template <typename T>
T sum_of_long_row(const T* x, int64_t l, const Parts<T>& parts) {
  double sums[kMostParts];
  double* to = sums;
  parallel_for(0, l, parts.size, [=](int64_t first, int64_t last) {
    to[first / parts.size] = BlockSum<T>().of(x + first, last - first);
  });
  return T(careful_sum(sums, parts.count));
}

template <typename T>
void sum_rows(T* out, const T* input, int64_t n, int64_t l) {
  const Parts<T> parts(l);
  if (parts.count > 1) {
    for (int64_t row = 0; row < n; ++row) out[row] = sum_of_long_row(input + row * l, l, parts);
    return;
  }
  parallel_for(0, n, rows_in_chunk(l), [=](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const T* x = input + row * l;
      out[row] = l <= kShortRow ? sum_of_few(x, l) : T(BlockSum<T>().of(x, l));
    }
  });
}

// ---- columns ------------------------------------------------------------------------------------

constexpr int64_t kStrip = 512;         // columns that are added at once
constexpr int64_t kManyColumns = 4096;  // so many are shared out among threads, fewer are not
constexpr int64_t kRowsAdded = 64;      // rows that are added up before double precision is due

// Adds the rows [first, last) of at most kStrip columns; l is from a row to the next.
template <typename T>
void add_strip(double* __restrict total, const T* x, int64_t first, int64_t last, int64_t l,
               int64_t width) {
  T sum[kStrip];
  for (int64_t row = first; row < last;) {
    const int64_t stop = std::min(row + kRowsAdded, last);
    std::fill_n(sum, width, T(0));
    for (; row + 4 <= stop; row += 4) {
      const T *a = x + row * l, *b = a + l, *c = b + l, *d = c + l;
      for (int64_t j = 0; j < width; ++j) sum[j] += (a[j] + b[j]) + (c[j] + d[j]);
    }
    for (; row < stop; ++row) {
      for (int64_t j = 0; j < width; ++j) sum[j] += x[row * l + j];
    }
    for (int64_t j = 0; j < width; ++j) total[j] += double(sum[j]);
  }
}

template <typename T>
void sum_many_columns(T* out, const T* input, int64_t n, int64_t l) {
  const int64_t strips = (l + kStrip - 1) / kStrip;
  parallel_for(0, strips, rows_in_chunk(n * kStrip), [=](int64_t first, int64_t last) {
    for (int64_t strip = first; strip < last; ++strip) {
      const int64_t from = strip * kStrip, width = std::min(kStrip, l - from);
      double total[kStrip] = {};
      add_strip(total, input + from, 0, n, l, width);
      for (int64_t j = 0; j < width; ++j) out[from + j] = T(total[j]);
    }
  });
}

template <typename T>
void sum_columns(T* out, const T* input, int64_t n, int64_t l) {
  if (l >= kManyColumns) {
    sum_many_columns(out, input, n, l);
    return;
  }
  const int64_t rows = std::max(rows_in_chunk(l), (n + kMostParts - 1) / kMostParts);
  const int64_t parts = (n + rows - 1) / rows;
  const std::unique_ptr<double[]> totals(new double[parts * l]());
  parallel_for(0, n, rows, [&](int64_t first, int64_t last) {
    double* to = totals.get() + first / rows * l;
    for (int64_t from = 0; from < l; from += kStrip) {
      add_strip(to + from, input + from, first, last, l, std::min(kStrip, l - from));
    }
  });
  double* __restrict total = totals.get();
  for (int64_t part = 1; part < parts; ++part) {
    const double* __restrict next = total + part * l;
    for (int64_t j = 0; j < l; ++j) total[j] += next[j];
  }
  for (int64_t j = 0; j < l; ++j) out[j] = parts > 0 ? T(total[j]) : T(0);
}

template <typename T>
constexpr SumsKernels<T> make() {
  return {.sum_rows = sum_rows<T>, .sum_columns = sum_columns<T>};
}

}  // namespace

const Both<SumsKernels> kSums{make<float>(), make<double>()};

}  // namespace penlight::PENLIGHT_LEVEL
