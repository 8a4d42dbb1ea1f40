#include "kernels/recurrent.hpp"

#include <algorithm>
#include <memory>

#include "support/lanes.hpp"
#include "support/parallel.hpp"
#include "support/product.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

// Rows of the batch never meet inside a recurrence, so threads take rows and need not wait for one
// another between steps.
constexpr int64_t kChunkRows = 8;

template <typename T>
std::unique_ptr<T[]> zeros(int64_t n) {
  return std::unique_ptr<T[]>(new T[n]());
}

// Calls step(row, n) for the batch rows [first, last): in each step, n of them stand at `row`, … of
// the arrays of N rows.
template <typename F>
PENLIGHT_INLINE void walk(const Sequence& s, bool from_the_end, int64_t first, int64_t last,
                          const F& step) {
  const auto visit = [&](int64_t start, int64_t size) {
    if (size > first) step(start + first, std::min(size, last) - first);
  };
  int64_t start = 0;
  if (!from_the_end) {
    for (int64_t t = 0; t < s.steps; start += s.size(t), ++t) visit(start, s.size(t));
    return;
  }
  for (int64_t t = 0; t < s.steps; ++t) start += s.size(t);
  for (int64_t t = s.steps - 1; t >= 0; --t) {
    start -= s.size(t);
    visit(start, s.size(t));
  }
}

// Calls chunk(first, last, scratch), with scratch for kChunkRows rows of `width`, over the batch.
template <typename T, typename F>
void for_each_chunk(int64_t batch, int64_t width, const F& chunk) {
  const int64_t chunks = (batch + kChunkRows - 1) / kChunkRows;
  const auto scratch = zeros<T>(chunks * kChunkRows * width);
  parallel_for(0, batch, kChunkRows, [&](int64_t first, int64_t last) {
    chunk(first, last, scratch.get() + first * width);
  });
}

// The recurrent bias, or zeros in its place.
template <typename T>
class Bias {
 public:
  Bias(const T* bias, int64_t n)
      : zeros_(bias ? nullptr : zeros<T>(n)), data_(bias ? bias : zeros_.get()) {}
  const T* data() const { return data_; }

 private:
  std::unique_ptr<T[]> zeros_;
  const T* data_;
};

// ---- RNN
// -------------------------------------------------------------------------------------------

template <typename T>
void rnn_forward(T* output, T* h_n, const T* input_gates, const T* h0, const T* w_hh, const T* b_hh,
                 const Sequence& s, bool relu) {
  const int64_t h = s.hidden;
  const PackedMatrix<T> weight(w_hh, h, h, 1, h);
  const Bias<T> bias(b_hh, h);
  std::copy_n(h0, s.batch * h, h_n);
  for_each_chunk<T>(s.batch, weight.padded(), [&](int64_t first, int64_t last, T* hidden) {
    walk(s, s.reverse, first, last, [&](int64_t row, int64_t n) {
      weight.multiply(hidden, h_n + first * h, n);
      for (int64_t i = 0; i < n; ++i) {
        const T* __restrict x = input_gates + (row + i) * h;
        const T* __restrict u = hidden + i * weight.padded();
        const T* __restrict b = bias.data();
        T* __restrict out = output + (row + i) * h;
        T* __restrict state = h_n + (first + i) * h;
        if (relu) {
          for (int64_t j = 0; j < h; ++j) {
            const T a = x[j] + (u[j] + b[j]);
            state[j] = out[j] = a < 0 ? T(0) : a;
          }
        } else {
          for (int64_t j = 0; j < h; ++j) state[j] = out[j] = tanh_lane(x[j] + (u[j] + b[j]));
        }
      }
    });
  });
}

template <typename T>
void rnn_backward(T* grad_gates, T* grad_h0, const T* grad_output, const T* grad_h_n,
                  const T* output, const T* w_hh, const Sequence& s, bool relu) {
  const int64_t h = s.hidden;
  const PackedMatrix<T> weight(w_hh, h, h, h, 1);
  std::copy_n(grad_h_n, s.batch * h, grad_h0);
  for_each_chunk<T>(s.batch, weight.padded(), [&](int64_t first, int64_t last, T* product) {
    walk(s, !s.reverse, first, last, [&](int64_t row, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        const T* __restrict out = output + (row + i) * h;
        const T* __restrict grad = grad_output + (row + i) * h;
        const T* __restrict carry = grad_h0 + (first + i) * h;
        T* __restrict to = grad_gates + (row + i) * h;
        if (relu) {
          for (int64_t j = 0; j < h; ++j) to[j] = out[j] > 0 ? grad[j] + carry[j] : T(0);
        } else {
          for (int64_t j = 0; j < h; ++j) to[j] = (grad[j] + carry[j]) * (1 - out[j] * out[j]);
        }
      }
      weight.multiply(product, grad_gates + row * h, n);
      for (int64_t i = 0; i < n; ++i) {
        std::copy_n(product + i * weight.padded(), h, grad_h0 + (first + i) * h);
      }
    });
  });
}

// ---- GRU
// -------------------------------------------------------------------------------------------

template <typename T>
PENLIGHT_INLINE void gru_row(int64_t h, T* __restrict out, T* __restrict state, T* __restrict saved,
                             const T* __restrict x, const T* __restrict u, const T* __restrict b) {
  for (int64_t j = 0; j < h; ++j) {
    const T r = sigmoid_lane(x[j] + (u[j] + b[j]));
    const T z = sigmoid_lane(x[h + j] + (u[h + j] + b[h + j]));
    const T inner = u[2 * h + j] + b[2 * h + j];
    const T n = tanh_lane(x[2 * h + j] + r * inner);
    saved[j] = r;
    saved[h + j] = z;
    saved[2 * h + j] = n;
    saved[3 * h + j] = inner;
    state[j] = out[j] = n + z * (state[j] - n);
  }
}

template <typename T>
void gru_forward(T* output, T* h_n, T* saved, const T* input_gates, const T* h0, const T* w_hh,
                 const T* b_hh, const Sequence& s) {
  const int64_t h = s.hidden;
  const PackedMatrix<T> weight(w_hh, h, 3 * h, 1, h);
  const Bias<T> bias(b_hh, 3 * h);
  const int64_t width = weight.padded() + (saved ? 0 : 4 * h);
  std::copy_n(h0, s.batch * h, h_n);
  for_each_chunk<T>(s.batch, width, [&](int64_t first, int64_t last, T* scratch) {
    T* unsaved = scratch + (last - first) * weight.padded();
    walk(s, s.reverse, first, last, [&](int64_t row, int64_t n) {
      weight.multiply(scratch, h_n + first * h, n);
      for (int64_t i = 0; i < n; ++i) {
        gru_row(h, output + (row + i) * h, h_n + (first + i) * h,
                saved ? saved + (row + i) * 4 * h : unsaved, input_gates + (row + i) * 3 * h,
                scratch + i * weight.padded(), bias.data());
      }
    });
  });
}

template <typename T>
PENLIGHT_INLINE void gru_backward_row(int64_t h, T* __restrict grad_x, T* __restrict grad_u,
                                      T* __restrict carry, const T* __restrict grad,
                                      const T* __restrict saved, const T* __restrict previous) {
  for (int64_t j = 0; j < h; ++j) {
    const T r = saved[j], z = saved[h + j], n = saved[2 * h + j], inner = saved[3 * h + j];
    const T grad_h = grad[j] + carry[j];
    const T grad_n = grad_h * (1 - z) * (1 - n * n);
    const T grad_r = grad_n * inner * (r * (1 - r));
    const T grad_z = grad_h * (previous[j] - n) * (z * (1 - z));
    grad_x[j] = grad_u[j] = grad_r;
    grad_x[h + j] = grad_u[h + j] = grad_z;
    grad_x[2 * h + j] = grad_n;
    grad_u[2 * h + j] = grad_n * r;
    carry[j] = grad_h * z;
  }
}

template <typename T>
void gru_backward(T* grad_input_gates, T* grad_hidden_gates, T* grad_h0, const T* grad_output,
                  const T* grad_h_n, const T* saved, const T* previous, const T* w_hh,
                  const Sequence& s) {
  const int64_t h = s.hidden;
  const PackedMatrix<T> weight(w_hh, 3 * h, h, h, 1);
  std::copy_n(grad_h_n, s.batch * h, grad_h0);
  for_each_chunk<T>(s.batch, weight.padded(), [&](int64_t first, int64_t last, T* product) {
    walk(s, !s.reverse, first, last, [&](int64_t row, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        const int64_t at = row + i;
        gru_backward_row(h, grad_input_gates + at * 3 * h, grad_hidden_gates + at * 3 * h,
                         grad_h0 + (first + i) * h, grad_output + at * h, saved + at * 4 * h,
                         previous + at * h);
      }
      weight.multiply(product, grad_hidden_gates + row * 3 * h, n);
      for (int64_t i = 0; i < n; ++i) {
        T* __restrict carry = grad_h0 + (first + i) * h;
        const T* __restrict more = product + i * weight.padded();
        for (int64_t j = 0; j < h; ++j) carry[j] += more[j];
      }
    });
  });
}

// ---- LSTM
// ------------------------------------------------------------------------------------------

template <typename T>
PENLIGHT_INLINE void lstm_row(int64_t h, T* __restrict out, T* __restrict state, T* __restrict cell,
                              T* __restrict saved, T* __restrict saved_cell, const T* __restrict x,
                              const T* __restrict u, const T* __restrict b) {
  for (int64_t j = 0; j < h; ++j) {
    const T i = sigmoid_lane(x[j] + (u[j] + b[j]));
    const T f = sigmoid_lane(x[h + j] + (u[h + j] + b[h + j]));
    const T g = tanh_lane(x[2 * h + j] + (u[2 * h + j] + b[2 * h + j]));
    const T o = sigmoid_lane(x[3 * h + j] + (u[3 * h + j] + b[3 * h + j]));
    const T c = f * cell[j] + i * g;
    saved[j] = i;
    saved[h + j] = f;
    saved[2 * h + j] = g;
    saved[3 * h + j] = o;
    cell[j] = saved_cell[j] = c;
    state[j] = out[j] = o * tanh_lane(c);
  }
}

template <typename T>
void lstm_forward(T* output, T* h_n, T* c_n, T* saved, T* cells, const T* input_gates, const T* h0,
                  const T* c0, const T* w_hh, const T* b_hh, const Sequence& s) {
  const int64_t h = s.hidden;
  const PackedMatrix<T> weight(w_hh, h, 4 * h, 1, h);
  const Bias<T> bias(b_hh, 4 * h);
  std::copy_n(h0, s.batch * h, h_n);
  std::copy_n(c0, s.batch * h, c_n);
  for_each_chunk<T>(s.batch, weight.padded() + 5 * h, [&](int64_t first, int64_t last, T* scratch) {
    T* unsaved = scratch + (last - first) * weight.padded();
    walk(s, s.reverse, first, last, [&](int64_t row, int64_t n) {
      weight.multiply(scratch, h_n + first * h, n);
      for (int64_t i = 0; i < n; ++i) {
        lstm_row(h, output + (row + i) * h, h_n + (first + i) * h, c_n + (first + i) * h,
                 saved ? saved + (row + i) * 4 * h : unsaved,
                 cells ? cells + (row + i) * h : unsaved + 4 * h, input_gates + (row + i) * 4 * h,
                 scratch + i * weight.padded(), bias.data());
      }
    });
  });
}

template <typename T>
PENLIGHT_INLINE void lstm_backward_row(int64_t h, T* __restrict to, T* __restrict carry_c,
                                       const T* __restrict carry_h, const T* __restrict grad,
                                       const T* __restrict saved, const T* __restrict cell,
                                       const T* __restrict previous_cell) {
  for (int64_t j = 0; j < h; ++j) {
    const T i = saved[j], f = saved[h + j], g = saved[2 * h + j], o = saved[3 * h + j];
    const T grad_h = grad[j] + carry_h[j];
    const T squashed = tanh_lane(cell[j]);
    const T grad_c = carry_c[j] + grad_h * o * (1 - squashed * squashed);
    to[j] = grad_c * g * (i * (1 - i));
    to[h + j] = grad_c * previous_cell[j] * (f * (1 - f));
    to[2 * h + j] = grad_c * i * (1 - g * g);
    to[3 * h + j] = grad_h * squashed * (o * (1 - o));
    carry_c[j] = grad_c * f;
  }
}

template <typename T>
void lstm_backward(T* grad_gates, T* grad_h0, T* grad_c0, const T* grad_output, const T* grad_h_n,
                   const T* grad_c_n, const T* saved, const T* cells, const T* previous_cells,
                   const T* w_hh, const Sequence& s) {
  const int64_t h = s.hidden;
  const PackedMatrix<T> weight(w_hh, 4 * h, h, h, 1);
  std::copy_n(grad_h_n, s.batch * h, grad_h0);
  std::copy_n(grad_c_n, s.batch * h, grad_c0);
  for_each_chunk<T>(s.batch, weight.padded(), [&](int64_t first, int64_t last, T* product) {
    walk(s, !s.reverse, first, last, [&](int64_t row, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        const int64_t at = row + i;
        lstm_backward_row(h, grad_gates + at * 4 * h, grad_c0 + (first + i) * h,
                          grad_h0 + (first + i) * h, grad_output + at * h, saved + at * 4 * h,
                          cells + at * h, previous_cells + at * h);
      }
      weight.multiply(product, grad_gates + row * 4 * h, n);
      for (int64_t i = 0; i < n; ++i) {
        std::copy_n(product + i * weight.padded(), h, grad_h0 + (first + i) * h);
      }
    });
  });
}

template <typename T>
constexpr RecurrentKernels<T> make() {
  return {rnn_forward<T>,  rnn_backward<T>, gru_forward<T>,
          gru_backward<T>, lstm_forward<T>, lstm_backward<T>};
}

}  // namespace

const Both<RecurrentKernels> kRecurrent{make<float>(), make<double>()};

}  // namespace penlight::PENLIGHT_LEVEL
