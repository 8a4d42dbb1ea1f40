#include "kernels/softmax.hpp"

#include <algorithm>
#include <cmath>

#include "support/lanes.hpp"
#include "support/parallel.hpp"
#include "support/rows.hpp"
#include "support/stream.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kColumns = 64;  // columns that go down `dim` together where inner > 1

// ---- inner = 1: rows of dim adjacent elements ---------------------------------------------------

template <typename T>
void softmax_row(T* __restrict out, const T* __restrict x, int64_t dim) {
  const T most = largest(x, dim);
  const T scale = T(1) / exponentials(out, x, most, dim);
  for (int64_t i = 0; i < dim; ++i) out[i] *= scale;
}

template <typename T>
void log_softmax_row(T* __restrict out, const T* __restrict x, int64_t dim, bool streamed) {
  const T most = largest(x, dim);
  const T log_sum = std::log(sum_of_exponentials(x, most, dim));
  write_row(out, dim, streamed, [=](int64_t i) { return (x[i] - most) - log_sum; });
  if (streamed) finish_streaming();
}

template <typename T>
void softmax_backward_row(T* __restrict grad_input, const T* __restrict grad,
                          const T* __restrict out, int64_t dim, bool streamed) {
  Sum<T> sum;
  sum.add_products(grad, out, dim);
  const T dot = sum.total();
  write_row(grad_input, dim, streamed, [=](int64_t i) { return out[i] * (grad[i] - dot); });
  if (streamed) finish_streaming();
}

template <typename T>
void log_softmax_backward_row(T* __restrict grad_input, const T* __restrict grad,
                              const T* __restrict out, int64_t dim, bool streamed) {
  Sum<T> sum;
  sum.add(grad, dim);
  const T total = sum.total();
  write_row(grad_input, dim, streamed,
            [=](int64_t i) { return grad[i] - exp_below_lane(out[i]) * total; });
  if (streamed) finish_streaming();
}

// ---- inner > 1: `width` adjacent columns, each down `dim` with stride `inner` -------------------

template <typename T>
void column_maxima(T* most, const T* x, int64_t dim, int64_t inner, int64_t width) {
  for (int64_t c = 0; c < width; ++c) most[c] = x[c];
  for (int64_t d = 1; d < dim; ++d) {
    const T* row = x + d * inner;
    for (int64_t c = 0; c < width; ++c) most[c] = most[c] < row[c] ? row[c] : most[c];
  }
}

template <typename T>
void softmax_columns(T* __restrict out, const T* __restrict x, int64_t dim, int64_t inner,
                     int64_t width) {
  T most[kColumns], sum[kColumns] = {};
  column_maxima(most, x, dim, inner, width);
  for (int64_t d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < width; ++c) {
      const T e = exp_below_lane(x[d * inner + c] - most[c]);
      out[d * inner + c] = e;
      sum[c] += e;
    }
  }
  for (int64_t c = 0; c < width; ++c) sum[c] = T(1) / sum[c];
  for (int64_t d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < width; ++c) out[d * inner + c] *= sum[c];
  }
}

template <typename T>
void log_softmax_columns(T* __restrict out, const T* __restrict x, int64_t dim, int64_t inner,
                         int64_t width) {
  T most[kColumns], sum[kColumns] = {};
  column_maxima(most, x, dim, inner, width);
  for (int64_t d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < width; ++c) sum[c] += exp_below_lane(x[d * inner + c] - most[c]);
  }
  for (int64_t c = 0; c < width; ++c) sum[c] = std::log(sum[c]);
  for (int64_t d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < width; ++c) {
      out[d * inner + c] = (x[d * inner + c] - most[c]) - sum[c];
    }
  }
}

template <typename T>
void softmax_backward_columns(T* __restrict grad_input, const T* __restrict grad,
                              const T* __restrict out, int64_t dim, int64_t inner, int64_t width) {
  T dot[kColumns] = {};
  for (int64_t d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < width; ++c) dot[c] += grad[d * inner + c] * out[d * inner + c];
  }
  for (int64_t d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < width; ++c) {
      grad_input[d * inner + c] = out[d * inner + c] * (grad[d * inner + c] - dot[c]);
    }
  }
}

template <typename T>
void log_softmax_backward_columns(T* __restrict grad_input, const T* __restrict grad,
                                  const T* __restrict out, int64_t dim, int64_t inner,
                                  int64_t width) {
  T sum[kColumns] = {};
  for (int64_t d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < width; ++c) sum[c] += grad[d * inner + c];
  }
  for (int64_t d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < width; ++c) {
      grad_input[d * inner + c] = grad[d * inner + c] - exp_below_lane(out[d * inner + c]) * sum[c];
    }
  }
}

// ---- the kernels --------------------------------------------------------------------------------

// Calls row(offset) where inner is 1, columns(offset, width) elsewhere.
template <typename Row, typename Columns>
void for_each_line(int64_t outer, int64_t dim, int64_t inner, const Row& row,
                   const Columns& columns) {
  if (outer == 0 || dim == 0 || inner == 0) return;
  if (inner == 1) {
    parallel_for(0, outer, rows_in_chunk(dim), [&](int64_t first, int64_t last) {
      for (int64_t o = first; o < last; ++o) row(o * dim);
    });
    return;
  }
  const int64_t blocks = (inner + kColumns - 1) / kColumns;
  const int64_t grain = rows_in_chunk(dim * std::min(inner, kColumns));
  parallel_for(0, outer * blocks, grain, [&](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) {
      const int64_t column = b % blocks * kColumns;
      columns(b / blocks * dim * inner + column, std::min(kColumns, inner - column));
    }
  });
}

template <typename T>
void softmax(T* out, const T* input, int64_t outer, int64_t dim, int64_t inner) {
  for_each_line(
      outer, dim, inner, [=](int64_t at) { softmax_row(out + at, input + at, dim); },
      [=](int64_t at, int64_t width) { softmax_columns(out + at, input + at, dim, inner, width); });
}

template <typename T>
void log_softmax(T* out, const T* input, int64_t outer, int64_t dim, int64_t inner) {
  const bool streamed = is_streamed<T>(outer * dim);
  for_each_line(
      outer, dim, inner, [=](int64_t at) { log_softmax_row(out + at, input + at, dim, streamed); },
      [=](int64_t at, int64_t width) {
        log_softmax_columns(out + at, input + at, dim, inner, width);
      });
}

template <typename T>
void softmax_backward(T* grad_input, const T* grad, const T* out, int64_t outer, int64_t dim,
                      int64_t inner) {
  const bool streamed = is_streamed<T>(outer * dim);
  for_each_line(
      outer, dim, inner,
      [=](int64_t at) {
        softmax_backward_row(grad_input + at, grad + at, out + at, dim, streamed);
      },
      [=](int64_t at, int64_t width) {
        softmax_backward_columns(grad_input + at, grad + at, out + at, dim, inner, width);
      });
}

template <typename T>
void log_softmax_backward(T* grad_input, const T* grad, const T* out, int64_t outer, int64_t dim,
                          int64_t inner) {
  const bool streamed = is_streamed<T>(outer * dim);
  for_each_line(
      outer, dim, inner,
      [=](int64_t at) {
        log_softmax_backward_row(grad_input + at, grad + at, out + at, dim, streamed);
      },
      [=](int64_t at, int64_t width) {
        log_softmax_backward_columns(grad_input + at, grad + at, out + at, dim, inner, width);
      });
}

template <typename T>
constexpr SoftmaxKernels<T> make() {
  return {softmax<T>, log_softmax<T>, softmax_backward<T>, log_softmax_backward<T>};
}

}  // namespace

const Both<SoftmaxKernels> kSoftmax{make<float>(), make<double>()};

}  // namespace penlight::PENLIGHT_LEVEL
