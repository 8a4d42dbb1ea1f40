#include "kernels/matmul.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "support/lanes.hpp"
#include "support/parallel.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

// A tile of the result: kRows rows of kVectors vectors, all in registers.
#if defined(__AVX512F__)
constexpr int kRows = 12;
#else
constexpr int kRows = 6;
#endif
constexpr int kVectors = 2;

template <typename T>
constexpr int64_t kColumns = kVectors * VectorOf<T>::kSize;

constexpr int64_t kBlockK = 192;
constexpr int64_t kBlockRows = 120;

// Multiply-adds below which one thread is enough.
constexpr int64_t kSerial = 1 << 19;
// And from which there is more than one part for each, in case some threads are slower.
constexpr int64_t kBalanced = 1 << 26;

int64_t rounded_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// The blocks of k: as few of kBlockK as there must be, two equal ones where one more is not full.
int64_t block_of_k(int64_t k) {
  return k > kBlockK && k < 2 * kBlockK ? rounded_up((k + 1) / 2, 4) : kBlockK;
}

constexpr std::align_val_t kCacheLine{64};

struct Release {
  void operator()(void* memory) const { ::operator delete(memory, kCacheLine); }
};

// Memory of this thread that is kept from call to call.
template <typename T, int kWhich>
T* scratch(int64_t size) {
  thread_local std::unique_ptr<void, Release> memory;
  thread_local int64_t capacity = 0;
  if (size > capacity) {
    memory.reset(::operator new(size * sizeof(T), kCacheLine));
    capacity = size;
  }
  return static_cast<T*>(memory.get());
}

// ---- packing: panels of `width` rows of a or columns of b, element (i, k) at k * width + i ------

// The 4 x 4 (float) or 2 x 2 (double) block at from becomes its transpose at to.
PENLIGHT_INLINE void transpose_block(float* to, int64_t to_step, const float* from,
                                     int64_t from_step) {
  typedef float V __attribute__((vector_size(16)));
  typedef float U __attribute__((vector_size(16), aligned(4), may_alias));
  typedef int32_t I __attribute__((vector_size(16)));
  const auto row = [&](int i) { return V(*reinterpret_cast<const U*>(from + i * from_step)); };
  const V a = row(0), b = row(1), c = row(2), d = row(3);
  const V ab_low = __builtin_shuffle(a, b, I{0, 4, 1, 5});
  const V ab_high = __builtin_shuffle(a, b, I{2, 6, 3, 7});
  const V cd_low = __builtin_shuffle(c, d, I{0, 4, 1, 5});
  const V cd_high = __builtin_shuffle(c, d, I{2, 6, 3, 7});
  const auto put = [&](int i, V v) { *reinterpret_cast<U*>(to + i * to_step) = v; };
  put(0, __builtin_shuffle(ab_low, cd_low, I{0, 1, 4, 5}));
  put(1, __builtin_shuffle(ab_low, cd_low, I{2, 3, 6, 7}));
  put(2, __builtin_shuffle(ab_high, cd_high, I{0, 1, 4, 5}));
  put(3, __builtin_shuffle(ab_high, cd_high, I{2, 3, 6, 7}));
}

PENLIGHT_INLINE void transpose_block(double* to, int64_t to_step, const double* from,
                                     int64_t from_step) {
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) to[j * to_step + i] = from[i * from_step + j];
  }
}

// Rows of k that stand one after another in memory: the panel is their transpose.
template <typename T>
void pack_along_k(T* to, const T* from, int64_t step, int64_t count, int64_t width, int64_t k) {
  constexpr int64_t kBlock = 16 / sizeof(T);
  for (int64_t i = 0; i < count; i += kBlock) {
    const int64_t here = std::min(kBlock, count - i);
    int64_t at = 0;
    if (here == kBlock) {
      for (; at + kBlock <= k; at += kBlock) {
        transpose_block(to + at * width + i, width, from + i * step + at, step);
      }
    }
    for (; at < k; ++at) {
      for (int64_t j = 0; j < here; ++j) to[at * width + i + j] = from[(i + j) * step + at];
    }
  }
}

// Lines that stand side by side in memory, kCount of them.
template <int64_t kCount, typename T>
void copy_across(T* to, const T* from, int64_t along_k, int64_t k) {
  for (int64_t at = 0; at < k; ++at) {
    std::memcpy(to + at * kCount, from + at * along_k, kCount * sizeof(T));
  }
}

// One panel of `count` <= width lines (rows of a, columns of b), padded with zeros. A line's
// elements are along_k apart, lines are `step` apart.
template <typename T>
void pack_panel(T* to, const T* from, int64_t step, int64_t along_k, int64_t count, int64_t width,
                int64_t k) {
  if (count < width) std::fill_n(to, width * k, T(0));
  if (along_k == 1 && step != 1) return pack_along_k(to, from, step, count, width, k);
  if (step == 1 && count == kColumns<T> && count == width) {
    return copy_across<kColumns<T>>(to, from, along_k, k);
  }
  if (step == 1 && count == kRows && count == width) {
    return copy_across<kRows>(to, from, along_k, k);
  }
  for (int64_t at = 0; at < k; ++at) {
    const T* line = from + at * along_k;
    for (int64_t i = 0; i < count; ++i) to[at * width + i] = line[i * step];
  }
}

// ---- the tile -----------------------------------------------------------------------------------

enum class Write { kFirst, kAdd };

// out[rows][kColumns] (+)= a panel times b panel.
template <typename T, int kCount, int kWide = kVectors>
PENLIGHT_INLINE void tile(T* out, int64_t out_step, const T* a, const T* b, int64_t k,
                          Write write) {
  using Vector = typename VectorOf<T>::Type;
  using Unaligned = typename VectorOf<T>::Unaligned;
  constexpr int kSize = VectorOf<T>::kSize;
  for (int r = 0; r < kCount; ++r) __builtin_prefetch(out + r * out_step, 1);
  Vector sum[kCount][kWide] = {};
#pragma GCC unroll 4
  for (int64_t at = 0; at < k; ++at) {
    Vector right[kWide];
    for (int v = 0; v < kWide; ++v) {
      right[v] = *reinterpret_cast<const Unaligned*>(b + at * kColumns<T> + v * kSize);
    }
    for (int r = 0; r < kCount; ++r) {
      for (int v = 0; v < kWide; ++v) sum[r][v] += right[v] * a[at * kRows + r];
    }
  }
  for (int r = 0; r < kCount; ++r) {
    for (int v = 0; v < kWide; ++v) {
      auto* to = reinterpret_cast<Unaligned*>(out + r * out_step + v * kSize);
      *to = write == Write::kFirst ? sum[r][v] : Vector(*to) + sum[r][v];
    }
  }
}

template <typename T, int kWide, int kCount = kRows>
void tile_of(int64_t rows, T* out, int64_t out_step, const T* a, const T* b, int64_t k,
             Write write) {
  if constexpr (kCount > 1) {
    if (rows < kCount) return tile_of<T, kWide, kCount - 1>(rows, out, out_step, a, b, k, write);
  }
  tile<T, kCount, kWide>(out, out_step, a, b, k, write);
}

// A tile at the right edge, by way of a whole one.
template <typename T>
void edge_tile(int64_t rows, int64_t columns, T* out, int64_t out_step, const T* a, const T* b,
               int64_t k, Write write) {
  T whole[kRows * kColumns<T>];
  if (columns <= VectorOf<T>::kSize) {
    tile_of<T, 1>(rows, whole, kColumns<T>, a, b, k, Write::kFirst);
  } else {
    tile_of<T, kVectors>(rows, whole, kColumns<T>, a, b, k, Write::kFirst);
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      T& to = out[r * out_step + c];
      to = write == Write::kFirst ? whole[r * kColumns<T> + c] : to + whole[r * kColumns<T> + c];
    }
  }
}

// ---- the product --------------------------------------------------------------------------------

template <typename T>
struct Product {
  T* out;
  Matrix<T> a, b;
  const T* bias;
  int64_t m, n, k;
  int64_t out_step;  // from row to row
};

// Asks for a part of the next panel of b while this one is used: part `row` of those for all rows.
template <typename T>
PENLIGHT_INLINE void prefetch_part(const T* panel, int64_t size, int64_t row, int64_t rows) {
  constexpr int64_t kLine = 64 / sizeof(T);
  const int64_t each = size * kRows / rows + kLine;
  const int64_t from = row / kRows * each, to = std::min(from + each, size);
  for (int64_t at = from; at < to; at += kLine) __builtin_prefetch(panel + at, 0, 2);
}

// Rows [first, last) of a times the packed panels of b, for one block of k.
template <typename T>
void multiply_block(const Product<T>& p, const T* packed_b, int64_t k_first, int64_t k_count,
                    int64_t first, int64_t last) {
  T* packed_a = scratch<T, 0>(rounded_up(kBlockRows, kRows) * kBlockK);
  const int64_t panel_size = kColumns<T> * k_count;
  for (int64_t row = first; row < last; row += kRows) {
    pack_panel(packed_a + (row - first) * k_count,
               p.a.data + row * p.a.row_stride + k_first * p.a.column_stride, p.a.row_stride,
               p.a.column_stride, std::min<int64_t>(kRows, last - row), kRows, k_count);
  }
  const Write write = k_first == 0 ? Write::kFirst : Write::kAdd;
  const bool is_last = k_first + k_count == p.k;
  for (int64_t column = 0; column < p.n; column += kColumns<T>) {
    const int64_t columns = std::min(kColumns<T>, p.n - column);
    const T* b = packed_b + column * k_count;
    for (int64_t row = first; row < last; row += kRows) {
      const int64_t rows = std::min<int64_t>(kRows, last - row);
      T* out = p.out + row * p.out_step + column;
      const T* a = packed_a + (row - first) * k_count;
      if (column + kColumns<T> < p.n) {
        prefetch_part(b + panel_size, panel_size, row - first, last - first);
      }
      if (columns == kColumns<T>) {
        tile_of<T, kVectors>(rows, out, p.out_step, a, b, k_count, write);
      } else {
        edge_tile<T>(rows, columns, out, p.out_step, a, b, k_count, write);
      }
      if (p.bias == nullptr || !is_last) continue;
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < columns; ++c) out[r * p.out_step + c] += p.bias[column + c];
      }
    }
  }
}

// The product in this thread: b is packed a block of k at a time.
template <typename T>
void multiply_whole(const Product<T>& p) {
  const int64_t block = std::min(block_of_k(p.k), p.k);
  T* packed = scratch<T, 1>(rounded_up(p.n, kColumns<T>) * block);
  for (int64_t first = 0; first < p.k; first += block) {
    const int64_t count = std::min(block, p.k - first);
    for (int64_t column = 0; column < p.n; column += kColumns<T>) {
      pack_panel(packed + column * count,
                 p.b.data + first * p.b.row_stride + column * p.b.column_stride, p.b.column_stride,
                 p.b.row_stride, std::min(kColumns<T>, p.n - column), kColumns<T>, count);
    }
    for (int64_t row = 0; row < p.m; row += kBlockRows) {
      multiply_block(p, packed, first, count, row, std::min(row + kBlockRows, p.m));
    }
  }
}

// The rows or the columns [first, last) of a product.
template <typename T>
Product<T> part_of(Product<T> p, bool of_rows, int64_t first, int64_t last) {
  if (of_rows) {
    p.a.data += first * p.a.row_stride;
    p.out += first * p.out_step;
    p.m = last - first;
  } else {
    p.b.data += first * p.b.column_stride;
    p.out += first;
    p.bias = p.bias == nullptr ? nullptr : p.bias + first;
    p.n = last - first;
  }
  return p;
}

// Threads take rows or columns, of whichever there are more, and pack for themselves what they
// share: waiting for one another would cost more.
template <typename T>
void multiply(const Product<T>& p) {
  const int64_t work = p.m * p.n * p.k;
  if (work < kSerial || get_num_threads() == 1) return multiply_whole(p);
  const bool of_rows = p.m > p.n;
  const int64_t whole = of_rows ? p.m : p.n, unit = of_rows ? int64_t{kRows} : kColumns<T>;
  const int64_t parts = get_num_threads() * (work < kBalanced ? 1 : 2);
  const int64_t each = rounded_up((whole + parts - 1) / parts, unit);
  parallel_for(0, whole, each, [&](int64_t first, int64_t last) {
    multiply_whole(part_of(p, of_rows, first, last));
  });
}

// ---- few rows: b is read once, so packing it would cost more than the product -------------------

constexpr int64_t kFewRows = 3;

template <typename T>
void for_columns(const Product<T>& p, int64_t each, const auto& run) {
  const int64_t grain = std::max<int64_t>(1, (1 << 17) / std::max<int64_t>(1, each * p.k * p.m));
  parallel_for(0, (p.n + each - 1) / each, grain, [&](int64_t first, int64_t last) {
    for (int64_t block = first; block < last; ++block) {
      run(block * each, std::min(each, p.n - block * each));
    }
  });
}

template <typename T>
PENLIGHT_INLINE T bias_at(const Product<T>& p, int64_t column) {
  return p.bias == nullptr ? T(0) : p.bias[column];
}

// Four lanes of each of four columns become the four sums.
template <typename T>
struct Quad {
  typedef T Type __attribute__((vector_size(4 * sizeof(T))));
  typedef T Unaligned __attribute__((vector_size(4 * sizeof(T)), aligned(alignof(T)), may_alias));
  typedef typename Format<T>::Signed Index __attribute__((vector_size(4 * sizeof(T))));

  static PENLIGHT_INLINE Type sums(Type a, Type b, Type c, Type d) {
    const Type ab_low = __builtin_shuffle(a, b, Index{0, 4, 1, 5});
    const Type ab_high = __builtin_shuffle(a, b, Index{2, 6, 3, 7});
    const Type cd_low = __builtin_shuffle(c, d, Index{0, 4, 1, 5});
    const Type cd_high = __builtin_shuffle(c, d, Index{2, 6, 3, 7});
    const Type even = ab_low + ab_high, odd = cd_low + cd_high;  // lanes 0 + 2 and 1 + 3
    return __builtin_shuffle(even, odd, Index{0, 1, 4, 5}) +
           __builtin_shuffle(even, odd, Index{2, 3, 6, 7});
  }
};

// Four contiguous columns of b times one contiguous row: kLanes lanes each, then what is left over.
template <typename T>
PENLIGHT_INLINE typename Quad<T>::Type dot_columns(const T* row, const T* const columns[4],
                                                   int64_t k) {
  using Lanes = typename Quad<T>::Type;
  using Unaligned = typename Quad<T>::Unaligned;
  constexpr int kParts = kLanes / 4;
  Lanes sum[4][kParts] = {};
  const int64_t whole = k - k % kLanes;
  for (int64_t at = 0; at < whole; at += kLanes) {
    for (int v = 0; v < kParts; ++v) {
      const Lanes x = *reinterpret_cast<const Unaligned*>(row + at + 4 * v);
      for (int c = 0; c < 4; ++c) {
        sum[c][v] += x * *reinterpret_cast<const Unaligned*>(columns[c] + at + 4 * v);
      }
    }
  }
  Lanes four[4];
  for (int c = 0; c < 4; ++c) four[c] = (sum[c][0] + sum[c][2]) + (sum[c][1] + sum[c][3]);
  Lanes rest = {};
  for (int64_t at = whole; at < k; ++at) {
    rest += row[at] * Lanes{columns[0][at], columns[1][at], columns[2][at], columns[3][at]};
  }
  return Quad<T>::sums(four[0], four[1], four[2], four[3]) + rest;
}

template <typename T>
void few_rows_of_columns(const Product<T>& p) {
  for_columns(p, 4, [&](int64_t column, int64_t count) {
    const T* columns[4];
    for (int64_t c = 0; c < 4; ++c) {  // those that are not there are the last one again
      columns[c] = p.b.data + (column + std::min(c, count - 1)) * p.b.column_stride;
    }
    for (int64_t r = 0; r < p.m; ++r) {
      const auto dots = dot_columns(p.a.data + r * p.a.row_stride, columns, p.k);
      for (int64_t c = 0; c < count; ++c) {
        p.out[r * p.n + column + c] = dots[c] + bias_at(p, column + c);
      }
    }
  });
}

// Rows of b are contiguous: sums over k in order, a block of columns at a time.
template <typename T>
void few_rows_of_rows(const Product<T>& p) {
  constexpr int64_t kTogether = 4 * VectorOf<T>::kSize;
  for_columns(p, kTogether, [&](int64_t column, int64_t count) {
    for (int64_t r = 0; r < p.m; ++r) {
      const T* row = p.a.data + r * p.a.row_stride;
      T sum[kTogether] = {};
      for (int64_t at = 0; at < p.k; ++at) {
        const T x = row[at * p.a.column_stride];
        const T* from = p.b.data + at * p.b.row_stride + column;
        if (count == kTogether) {
          for (int64_t c = 0; c < kTogether; ++c) sum[c] += x * from[c];
        } else {
          for (int64_t c = 0; c < count; ++c) sum[c] += x * from[c];
        }
      }
      for (int64_t c = 0; c < count; ++c) {
        p.out[r * p.n + column + c] = sum[c] + bias_at(p, column + c);
      }
    }
  });
}

template <typename T>
void matmul(T* out, const Matrix<T>& a, const Matrix<T>& b, const T* bias, int64_t m, int64_t n,
            int64_t k) {
  if (m == 0 || n == 0) return;
  const Product<T> p{out, a, b, bias, m, n, k, n};
  if (m <= kFewRows && a.column_stride == 1 && b.row_stride == 1) return few_rows_of_columns(p);
  if (m <= kFewRows && b.column_stride == 1) return few_rows_of_rows(p);
  if (k > 0) return multiply(p);
  for (int64_t row = 0; row < m; ++row) {
    for (int64_t column = 0; column < n; ++column) {
      out[row * n + column] = bias == nullptr ? T(0) : bias[column];
    }
  }
}

// Threads take products where there are enough of them, else parts of each.
template <typename T>
void batch_matmul(T* out, const Matrix<T>& a, const Matrix<T>& b, int64_t a_step, int64_t b_step,
                  int64_t batch, int64_t m, int64_t n, int64_t k) {
  const auto run = [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const Matrix<T> left{a.data + i * a_step, a.row_stride, a.column_stride};
      const Matrix<T> right{b.data + i * b_step, b.row_stride, b.column_stride};
      matmul<T>(out + i * m * n, left, right, nullptr, m, n, k);
    }
  };
  const int64_t each = std::max<int64_t>(1, m * n * k);
  if (batch < 2 * get_num_threads()) return run(0, batch);
  parallel_for(0, batch, std::max<int64_t>(1, kSerial / each), run);
}

}  // namespace

const Both<MatmulKernels> kMatmul{{matmul<float>, batch_matmul<float>},
                                  {matmul<double>, batch_matmul<double>}};

}  // namespace penlight::PENLIGHT_LEVEL
