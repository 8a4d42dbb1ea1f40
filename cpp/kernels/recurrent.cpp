#include "kernels/recurrent.hpp"

#include <algorithm>
#include <memory>

#include "support/lanes.hpp"
#include "support/parallel.hpp"
#include "support/product.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

// Below so many multiply-adds in all, threads cost more than they bring.
constexpr int64_t kSerialWork = int64_t{1} << 22;
// Rows of the input whose gates are computed ahead, where the steps are smaller.
constexpr int64_t kInputRows = 32;

template <typename T>
std::unique_ptr<T[]> uninitialized(int64_t n) {
  return std::unique_ptr<T[]>(new T[n]);
}

// ---- where the rows are -------------------------------------------------------------------------

// The rows of step t that a chunk of the batch has: n of them from `row` on. The first `known` of
// them follow the rows from `before` on, the others start from h0.
struct Step {
  int64_t t, row, n, before, known;
};

// The steps as seen by the rows [first, last) of the batch.
class Steps {
 public:
  Steps(const Sequence& s, const int64_t* starts, int64_t first, int64_t last)
      : s_(s), starts_(starts), first_(first), last_(last) {}

  int64_t first() const { return first_; }
  int64_t last() const { return last_; }
  bool whole() const { return first_ == 0 && last_ == s_.batch; }
  int64_t start(int64_t t) const { return starts_[t] + first_; }

  int64_t rows(int64_t t) const {
    if (t < 0 || t >= s_.steps) return 0;
    return std::max<int64_t>(0, std::min(starts_[t + 1] - starts_[t], last_) - first_);
  }

  // The step before in the order of the recurrence, or after it in the other order.
  int64_t beside(int64_t t, bool before) const { return s_.reverse == before ? t + 1 : t - 1; }

  template <typename F>
  void visit(bool backwards, const F& each) const {
    for (int64_t k = 0; k < s_.steps; ++k) {
      const int64_t t = s_.reverse == backwards ? k : s_.steps - 1 - k;
      const int64_t n = rows(t), before = beside(t, true), known = std::min(n, rows(before));
      if (n > 0) each(Step{t, start(t), n, known > 0 ? start(before) : 0, known});
    }
  }

  // The step whose row is the last one of a row of the batch, -1 if there is none. From one row to
  // the next it never grows, so the search goes on from `t`.
  int64_t last_step(int64_t row, int64_t t) const {
    if (s_.reverse) t = std::min<int64_t>(t, 0);
    while (t >= 0 && starts_[t + 1] - starts_[t] <= row) --t;
    return t;
  }

 private:
  const Sequence& s_;
  const int64_t* starts_;
  int64_t first_, last_;
};

// Calls chunk(steps, scratch) for parts of the batch. Rows never meet inside a recurrence, so
// threads take rows and need not wait for one another between steps, and it does not matter how
// many each takes. Where the batch is one part, the threads share the columns of large products.
// `width(rows)` is what a chunk needs of scratch.
template <typename T, typename W, typename F>
void for_each_chunk(const Sequence& s, int64_t gates, const W& width, const F& chunk) {
  const auto starts = uninitialized<int64_t>(s.steps + 1);
  starts[0] = 0;
  for (int64_t t = 0; t < s.steps; ++t) {
    starts[t + 1] = starts[t] + (s.batch_sizes ? s.batch_sizes[t] : s.batch);
  }
  // Packed sequences get shorter along the batch: smaller parts share them more evenly.
  const int64_t threads = get_num_threads(), parts = s.batch_sizes ? 3 * threads : threads;
  int64_t rows = s.batch;
  if (threads > 1 && starts[s.steps] * gates * (s.hidden + s.features) >= kSerialWork) {
    rows = ((s.batch - 1) / parts / kTileRows + 1) * kTileRows;
  }
  if (s.batch == 0) return;
  const int64_t chunks = (s.batch - 1) / rows + 1, size = width(std::min(rows, s.batch));
  const auto scratch = uninitialized<T>(chunks * size);
  parallel_for(0, s.batch, rows, [&](int64_t first, int64_t last) {
    chunk(Steps(s, starts.get(), first, last), scratch.get() + first / rows * size);
  });
}

// ---- forward ------------------------------------------------------------------------------------

// The input's part of the gates, computed some steps ahead and while it is read in the cache.
template <typename T>
class InputGates {
 public:
  InputGates(const PackedMatrix<T>& weight, const T* input, int64_t features, const Steps& steps,
             T* scratch)
      : weight_(weight), input_(input), features_(features), steps_(steps), scratch_(scratch) {}

  static int64_t rows(int64_t chunk) { return std::max(chunk, kInputRows); }

  const T* of(const Step& step) {
    if (step.row < begin_ || step.row >= end_) compute(step);
    return scratch_ + (step.row - begin_) * weight_.padded();
  }

 private:
  void compute(const Step& step) {
    begin_ = step.row;
    end_ = step.row + step.n;
    if (steps_.whole()) {  // then steps follow one another without a gap
      for (int64_t t = steps_.beside(step.t, false), n = steps_.rows(t);
           n > 0 && end_ - begin_ + n <= kInputRows;
           t = steps_.beside(t, false), n = steps_.rows(t)) {
        begin_ = std::min(begin_, steps_.start(t));
        end_ = std::max(end_, steps_.start(t) + n);
      }
    }
    weight_.multiply(scratch_, input_ + begin_ * features_, features_, end_ - begin_);
  }

  const PackedMatrix<T>& weight_;
  const T* input_;
  int64_t features_;
  const Steps& steps_;
  T* scratch_;
  int64_t begin_ = 0, end_ = 0;
};

// What a cell is given: row `at` of all and i of the batch, the two parts of its gates, its state
// before, where the state goes, and room for 5H in place of what is not saved.
template <typename T>
struct Row {
  int64_t at, i;
  const T *x, *u, *before;
  T *out, *spare;
};

template <typename T, typename Cell>
void forward(const Cell& cell, int64_t gates, T* output, T* h_n, const T* input, const T* h0,
             const RecurrentWeights<T>& weights, const Sequence& s) {
  const int64_t h = s.hidden, f = s.features;
  const PackedMatrix<T> w_ih(weights.w_ih, weights.b_ih, f, gates, 1, f);
  const PackedMatrix<T> w_hh(weights.w_hh, weights.b_hh, h, gates, 1, h);
  const int64_t padded = w_hh.padded();
  const auto width = [&](int64_t rows) {
    return (InputGates<T>::rows(rows) + rows) * padded + 5 * h;
  };
  for_each_chunk<T>(s, gates, width, [&](const Steps& steps, T* u) {
    const int64_t first = steps.first(), last = steps.last();
    T* spare = u + (last - first) * padded;
    InputGates<T> input_gates(w_ih, input, f, steps, spare + 5 * h);
    steps.visit(false, [&](const Step& step) {
      const T* x = input_gates.of(step);
      const T* before = output + step.before * h;
      const T* start = h0 + first * h;
      w_hh.multiply(u, before, h, step.known, step.t % 2 == 1);
      w_hh.multiply(u + step.known * padded, start + step.known * h, h, step.n - step.known);
      for (int64_t i = 0; i < step.n; ++i) {
        cell(Row<T>{step.row + i, first + i, x + i * padded, u + i * padded,
                    (i < step.known ? before : start) + i * h, output + (step.row + i) * h, spare});
      }
    });
    int64_t t = s.steps - 1;
    for (int64_t i = first; i < last; ++i) {
      t = steps.last_step(i, t);
      std::copy_n(t < 0 ? h0 + i * h : output + (steps.start(t) - first + i) * h, h, h_n + i * h);
    }
  });
}

// ---- backward -----------------------------------------------------------------------------------

// cell(step, at, i): writes the gradient of the gates of row `at`, of which those of the hidden
// state begin at `offset`, and into grad_h0 the part of its gradient that does not pass through
// them.
template <typename T, typename Cell>
void backward(const Cell& cell, int64_t gates, const T* grad_gates, int64_t width, int64_t offset,
              T* grad_h0, const T* grad_h_n, const T* w_hh, const Sequence& s) {
  const int64_t h = s.hidden;
  const PackedMatrix<T> weight(w_hh, nullptr, gates, h, h, 1);
  const int64_t padded = weight.padded();
  std::copy_n(grad_h_n, s.batch * h, grad_h0);
  for_each_chunk<T>(
      s, gates, [&](int64_t rows) { return rows * padded; },
      [&](const Steps& steps, T* product) {
        steps.visit(true, [&](const Step& step) {
          for (int64_t i = 0; i < step.n; ++i) cell(step, step.row + i, steps.first() + i);
          weight.multiply(product, grad_gates + step.row * width + offset, width, step.n,
                          step.t % 2 == 1);
          for (int64_t i = 0; i < step.n; ++i) {
            T* __restrict carry = grad_h0 + (steps.first() + i) * h;
            const T* __restrict more = product + i * padded;
            for (int64_t j = 0; j < h; ++j) carry[j] += more[j];
          }
        });
      });
}

// The loops below are functions of their own, never inlined: only so does the compiler keep in mind
// that their arrays are apart, and vectorises them. They are short, each with one exponential,
// since the processor looks ahead only so far, and finds more of them to do at once.

template <typename T>
[[gnu::noinline]] void sigmoid_row(int64_t n, T* __restrict to, const T* __restrict x,
                                   const T* __restrict u) {
  for (int64_t j = 0; j < n; ++j) to[j] = sigmoid_lane(x[j] + u[j]);
}

template <typename T>
[[gnu::noinline]] void tanh_row(int64_t n, T* __restrict to, const T* __restrict x,
                                const T* __restrict u) {
  for (int64_t j = 0; j < n; ++j) to[j] = tanh_lane(x[j] + u[j]);
}

// ---- RNN ----------------------------------------------------------------------------------------

template <typename T>
[[gnu::noinline]] void relu_row(int64_t n, T* __restrict to, const T* __restrict x,
                                const T* __restrict u) {
  for (int64_t j = 0; j < n; ++j) to[j] = x[j] + u[j] < 0 ? T(0) : x[j] + u[j];
}

template <typename T>
void rnn_forward(T* output, T* h_n, T* saved, const T* input, const T* h0,
                 const RecurrentWeights<T>& weights, const Sequence& s, bool relu) {
  const int64_t h = s.hidden;
  const auto cell = [&](const Row<T>& row) {
    relu ? relu_row(h, row.out, row.x, row.u) : tanh_row(h, row.out, row.x, row.u);
    if (!saved) return;
    std::copy_n(row.out, h, saved + row.at * 2 * h);
    std::copy_n(row.before, h, saved + row.at * 2 * h + h);
  };
  forward(cell, h, output, h_n, input, h0, weights, s);
}

template <bool kRelu, typename T>
[[gnu::noinline]] void rnn_backward_row(int64_t h, T* __restrict to, T* __restrict carry,
                                        const T* __restrict grad, const T* __restrict out) {
  for (int64_t j = 0; j < h; ++j) {
    const T grad_h = grad[j] + carry[j];
    to[j] = kRelu ? (out[j] > 0 ? grad_h : T(0)) : grad_h * (1 - out[j] * out[j]);
    carry[j] = 0;
  }
}

template <typename T>
void rnn_backward(T* grad_gates, T* grad_h0, const T* grad_output, const T* grad_h_n,
                  const T* saved, const T* w_hh, const Sequence& s, bool relu) {
  const int64_t h = s.hidden;
  const auto cell = [&](const Step&, int64_t at, int64_t i) {
    T* to = grad_gates + at * h;
    T* carry = grad_h0 + i * h;
    relu ? rnn_backward_row<true>(h, to, carry, grad_output + at * h, saved + at * 2 * h)
         : rnn_backward_row<false>(h, to, carry, grad_output + at * h, saved + at * 2 * h);
  };
  backward(cell, h, grad_gates, h, 0, grad_h0, grad_h_n, w_hh, s);
}

// ---- GRU ----------------------------------------------------------------------------------------

// From r and z in `gates`: n and W_hn h + b_hn beside them, and the state.
template <typename T>
[[gnu::noinline]] void gru_row(int64_t h, T* __restrict out, T* __restrict n, T* __restrict inner,
                               const T* __restrict gates, const T* __restrict before,
                               const T* __restrict x, const T* __restrict u) {
  for (int64_t j = 0; j < h; ++j) {
    const T now = tanh_lane(x[j] + gates[j] * u[j]);
    n[j] = now;
    inner[j] = u[j];
    out[j] = now + gates[h + j] * (before[j] - now);
  }
}

template <typename T>
void gru_forward(T* output, T* h_n, T* saved, const T* input, const T* h0,
                 const RecurrentWeights<T>& weights, const Sequence& s) {
  const int64_t h = s.hidden;
  const auto cell = [&](const Row<T>& row) {
    T* to = saved ? saved + row.at * 5 * h : row.spare;
    sigmoid_row(2 * h, to, row.x, row.u);
    gru_row(h, row.out, to + 2 * h, to + 3 * h, to, row.before, row.x + 2 * h, row.u + 2 * h);
    if (saved) std::copy_n(row.before, h, to + 4 * h);
  };
  forward(cell, 3 * h, output, h_n, input, h0, weights, s);
}

template <typename T>
[[gnu::noinline]] void gru_backward_row(int64_t h, T* __restrict to, T* __restrict carry,
                                        const T* __restrict grad, const T* __restrict saved) {
  for (int64_t j = 0; j < h; ++j) {
    const T r = saved[j], z = saved[h + j], n = saved[2 * h + j], inner = saved[3 * h + j];
    const T grad_h = grad[j] + carry[j];
    const T grad_n = grad_h * (1 - z) * (1 - n * n);
    to[j] = grad_n;
    to[h + j] = grad_n * inner * (r * (1 - r));
    to[2 * h + j] = grad_h * (saved[4 * h + j] - n) * (z * (1 - z));
    to[3 * h + j] = grad_n * r;
    carry[j] = grad_h * z;
  }
}

template <typename T>
void gru_backward(T* grad_gates, T* grad_h0, const T* grad_output, const T* grad_h_n,
                  const T* saved, const T* w_hh, const Sequence& s) {
  const int64_t h = s.hidden;
  const auto cell = [&](const Step&, int64_t at, int64_t i) {
    gru_backward_row(h, grad_gates + at * 4 * h, grad_h0 + i * h, grad_output + at * h,
                     saved + at * 5 * h);
  };
  backward(cell, 3 * h, grad_gates, 4 * h, h, grad_h0, grad_h_n, w_hh, s);
}

// ---- LSTM ---------------------------------------------------------------------------------------

// From i, f, g and o: the cell state, in two places, and what of it shows in the state.
template <typename T>
[[gnu::noinline]] void lstm_row(int64_t h, T* __restrict out, T* __restrict cell,
                                T* __restrict saved_cell, const T* __restrict gates) {
  for (int64_t j = 0; j < h; ++j) {
    const T c = gates[h + j] * cell[j] + gates[j] * gates[2 * h + j];
    cell[j] = saved_cell[j] = c;
    out[j] = gates[3 * h + j] * tanh_lane(c);
  }
}

template <typename T>
void lstm_forward(T* output, T* h_n, T* c_n, T* saved, const T* input, const T* h0, const T* c0,
                  const RecurrentWeights<T>& weights, const Sequence& s) {
  const int64_t h = s.hidden;
  std::copy_n(c0, s.batch * h, c_n);
  const auto cell = [&](const Row<T>& row) {
    T* to = saved ? saved + row.at * 6 * h : row.spare;
    sigmoid_row(2 * h, to, row.x, row.u);
    tanh_row(h, to + 2 * h, row.x + 2 * h, row.u + 2 * h);
    sigmoid_row(h, to + 3 * h, row.x + 3 * h, row.u + 3 * h);
    lstm_row(h, row.out, c_n + row.i * h, to + 4 * h, to);
    if (saved) std::copy_n(row.before, h, to + 5 * h);
  };
  forward(cell, 4 * h, output, h_n, input, h0, weights, s);
}

template <typename T>
[[gnu::noinline]] void lstm_backward_row(int64_t h, T* __restrict to, T* __restrict carry,
                                         T* __restrict carry_c, const T* __restrict grad,
                                         const T* __restrict saved,
                                         const T* __restrict cell_before) {
  for (int64_t j = 0; j < h; ++j) {
    const T i = saved[j], f = saved[h + j], g = saved[2 * h + j], o = saved[3 * h + j];
    const T grad_h = grad[j] + carry[j];
    const T squashed = tanh_lane(saved[4 * h + j]);
    const T grad_c = carry_c[j] + grad_h * o * (1 - squashed * squashed);
    to[j] = grad_c * g * (i * (1 - i));
    to[h + j] = grad_c * cell_before[j] * (f * (1 - f));
    to[2 * h + j] = grad_c * i * (1 - g * g);
    to[3 * h + j] = grad_h * squashed * (o * (1 - o));
    carry[j] = 0;
    carry_c[j] = grad_c * f;
  }
}

template <typename T>
void lstm_backward(T* grad_gates, T* grad_h0, T* grad_c0, const T* grad_output, const T* grad_h_n,
                   const T* grad_c_n, const T* saved, const T* c0, const T* w_hh,
                   const Sequence& s) {
  const int64_t h = s.hidden;
  std::copy_n(grad_c_n, s.batch * h, grad_c0);
  const auto cell = [&](const Step& step, int64_t at, int64_t i) {
    const bool known = at - step.row < step.known;
    lstm_backward_row(h, grad_gates + at * 4 * h, grad_h0 + i * h, grad_c0 + i * h,
                      grad_output + at * h, saved + at * 6 * h,
                      known ? saved + (step.before + at - step.row) * 6 * h + 4 * h : c0 + i * h);
  };
  backward(cell, 4 * h, grad_gates, 4 * h, 0, grad_h0, grad_h_n, w_hh, s);
}

template <typename T>
constexpr RecurrentKernels<T> make() {
  return {rnn_forward<T>,  rnn_backward<T>, gru_forward<T>,
          gru_backward<T>, lstm_forward<T>, lstm_backward<T>};
}

}  // namespace

const Both<RecurrentKernels> kRecurrent{make<float>(), make<double>()};

}  // namespace penlight::PENLIGHT_LEVEL
