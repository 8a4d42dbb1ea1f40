#include "kernels/cross_entropy.hpp"

#include <cmath>
#include <memory>

#include "support/lanes.hpp"
#include "support/parallel.hpp"
#include "support/rows.hpp"
#include "support/stream.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kRowsAtOnce = 8192;  // rows of nll_loss, each a few reads, worth a chunk

// ---- reductions: always in the order of the rows ------------------------------------------------

template <typename T>
double total_of(const T* values, int64_t n) {
  double lane[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lane[l] += values[i + l];
  for (; i < n; ++i) lane[i % kLanes] += values[i];
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int l = 0; l < width; ++l) lane[l] += lane[l + width];
  return lane[0];
}

// Where the rows' losses go: into the result, or aside until they are added up.
template <typename T>
class Losses {
 public:
  Losses(T* out, Reduction reduction, int64_t n)
      : out_(out),
        reduction_(reduction),
        n_(n),
        aside_(reduction == Reduction::kNone ? nullptr : new T[n]) {}

  T* rows() { return reduction_ == Reduction::kNone ? out_ : aside_.get(); }

  void reduce(double divisor) {
    if (reduction_ == Reduction::kNone) return;
    const double total = total_of(aside_.get(), n_);
    out_[0] = T(reduction_ == Reduction::kMean ? total / divisor : total);
  }

 private:
  T* out_;
  Reduction reduction_;
  int64_t n_;
  std::unique_ptr<T[]> aside_;
};

template <typename T>
double total_factor(const Classes<T>& classes, int64_t n) {
  double total = 0;
  for (int64_t row = 0; row < n; ++row) total += double(classes.factor(row));
  return total;
}

// ---- class indices ------------------------------------------------------------------------------

// Minus the sum of the weighted log-probabilities of a row.
template <typename T>
PENLIGHT_INLINE T spread_loss(const T* __restrict x, const T* __restrict weight, T most, T log_sum,
                              double weights, int64_t c) {
  T block[kRowBlock];
  RowSum<T> sum;
  for (int64_t start = 0; start < c; start += kRowBlock) {
    const int64_t size = std::min(kRowBlock, c - start);
    if (weight == nullptr) {
      for (int64_t i = 0; i < size; ++i) block[i] = x[start + i] - most;
    } else {
      for (int64_t i = 0; i < size; ++i) block[i] = (x[start + i] - most) * weight[start + i];
    }
    sum.add(block, size);
  }
  return T(weights * log_sum) - sum.total();
}

template <typename T>
struct IndexRows {
  const T* input;
  T* grad_input;
  T* losses;
  Classes<T> classes;
  double smoothing, weights, scale;  // weights: of all classes together; scale: of the gradient
  int64_t c;

  PENLIGHT_INLINE void row(int64_t n) const {
    const T* x = input + n * c;
    T* g = grad_input == nullptr ? nullptr : grad_input + n * c;
    const T most = largest(x, c);
    const T sum = g == nullptr ? sum_of_exponentials(x, most, c) : exponentials(g, x, most, c);
    const T log_sum = std::log(sum);
    const T factor = classes.factor(n);
    // A row that counts nothing has no loss, even where its log-probability is -inf.
    T loss = factor == 0 ? T(0) : -((x[classes.target[n]] - most) - log_sum) * factor;
    if (smoothing > 0) {
      const T spread =
          classes.counted(n) ? spread_loss(x, classes.weight, most, log_sum, weights, c) : T(0);
      loss = T(loss * (1 - smoothing) + spread * (smoothing / double(c)));
    }
    losses[n] = loss;
    if (g != nullptr) gradient(g, sum, factor, n);
  }

  PENLIGHT_INLINE void gradient(T* __restrict g, T sum, T factor, int64_t n) const {
    const double hard = factor == 0 ? 0 : scale * (1 - smoothing) * double(factor);
    if (smoothing > 0 && classes.counted(n)) {
      const double share = scale * smoothing / double(c);
      const T times = T((hard + share * weights) / double(sum)), less = T(share);
      const T* __restrict weight = classes.weight;
      if (weight == nullptr) {
        for (int64_t i = 0; i < c; ++i) g[i] = g[i] * times - less;
      } else {
        for (int64_t i = 0; i < c; ++i) g[i] = g[i] * times - less * weight[i];
      }
    } else {
      const T times = T(hard / double(sum));
      for (int64_t i = 0; i < c; ++i) g[i] *= times;
    }
    if (factor != 0) g[classes.target[n]] -= T(hard);
  }
};

template <typename T>
void cross_entropy(T* out, T* grad_input, const T* input, const Classes<T>& classes,
                   double smoothing, int64_t n, int64_t c) {
  Losses<T> losses(out, classes.reduction, n);
  const bool mean = classes.reduction == Reduction::kMean;
  const double total = mean ? total_factor(classes, n) : 1;
  const double weights = classes.weight == nullptr ? double(c) : total_of(classes.weight, c);
  const IndexRows<T> rows{input,     grad_input, losses.rows(), classes,
                          smoothing, weights,    1 / total,     c};
  parallel_for(0, n, rows_in_chunk(c), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) rows.row(row);
  });
  losses.reduce(total);
}

// ---- class probabilities ------------------------------------------------------------------------

template <typename T>
struct SoftRows {
  const T* input;
  const T* target;
  const T* weight;
  T* grad_input;
  T* losses;
  double smoothing, scale;
  int64_t c;

  // Writes each class's share of the loss: its weight times its smoothed probability.
  PENLIGHT_INLINE void shares(T* __restrict to, const T* __restrict q, int64_t start,
                              int64_t size) const {
    const T keep = T(1 - smoothing), more = T(smoothing / double(c));
    for (int64_t i = 0; i < size; ++i) to[i] = q[start + i];
    if (smoothing > 0) {
      for (int64_t i = 0; i < size; ++i) to[i] = to[i] * keep + more;
    }
    if (weight != nullptr) {
      const T* __restrict w = weight + start;
      for (int64_t i = 0; i < size; ++i) to[i] *= w[i];
    }
  }

  PENLIGHT_INLINE void row(int64_t n) const {
    const T* x = input + n * c;
    const T* q = target + n * c;
    T* g = grad_input == nullptr ? nullptr : grad_input + n * c;
    T share[kRowBlock], product[kRowBlock];
    const T most = largest(x, c);
    const T sum = g == nullptr ? sum_of_exponentials(x, most, c) : exponentials(g, x, most, c);
    const T log_sum = std::log(sum);
    RowSum<T> shared, losses_sum;
    for (int64_t start = 0; start < c; start += kRowBlock) {
      const int64_t size = std::min(kRowBlock, c - start);
      shares(share, q, start, size);
      for (int64_t i = 0; i < size; ++i) product[i] = ((x[start + i] - most) - log_sum) * share[i];
      shared.add(share, size);
      losses_sum.add(product, size);
    }
    losses[n] = -losses_sum.total();
    if (g == nullptr) return;
    const T times = T(scale * double(shared.total()) / double(sum)), less = T(scale);
    for (int64_t start = 0; start < c; start += kRowBlock) {
      const int64_t size = std::min(kRowBlock, c - start);
      shares(share, q, start, size);
      for (int64_t i = 0; i < size; ++i) g[start + i] = g[start + i] * times - less * share[i];
    }
  }
};

template <typename T>
void soft_cross_entropy(T* out, T* grad_input, const T* input, const T* target, const T* weight,
                        Reduction reduction, double smoothing, int64_t n, int64_t c) {
  Losses<T> losses(out, reduction, n);
  const double count = reduction == Reduction::kMean ? double(n) : 1;
  const SoftRows<T> rows{input, target, weight, grad_input, losses.rows(), smoothing, 1 / count, c};
  parallel_for(0, n, rows_in_chunk(c), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) rows.row(row);
  });
  losses.reduce(count);
}

// ---- negative log likelihood --------------------------------------------------------------------

// Rows are (n, inner); row (i, j) reads input[i, target, j].
template <typename T>
void nll_loss(T* out, T* slopes, int64_t* places, const T* input, const Classes<T>& classes,
              int64_t n, int64_t c, int64_t inner) {
  const int64_t rows = n * inner;
  Losses<T> losses(out, classes.reduction, rows);
  const bool mean = classes.reduction == Reduction::kMean;
  const double total = mean ? total_factor(classes, rows) : 1;
  T* to = losses.rows();
  parallel_for(0, rows, kRowsAtOnce, [=](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const T factor = classes.factor(row);
      const int64_t place = classes.counted(row) ? classes.target[row] : 0;
      // A row that counts nothing has neither loss nor gradient, whatever its log-probability.
      const int64_t at = (row / inner * c + place) * inner + row % inner;
      to[row] = factor == 0 ? T(0) : -input[at] * factor;
      slopes[row] = factor == 0 ? T(0) : T(-double(factor) / total);
      places[row] = place;
    }
  });
  losses.reduce(total);
}

// The gradient is `values` at `places` and zero elsewhere.
template <typename T>
void log_softmax_backward_picked(T* grad_input, const int64_t* places, const T* values,
                                 const T* out, int64_t n, int64_t c) {
  const bool streamed = is_streamed<T>(n * c);
  parallel_for(0, n, rows_in_chunk(c), [=](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const T* __restrict from = out + row * c;
      const T value = values[row];
      write_row(grad_input + row * c, c, streamed,
                [=](int64_t i) { return T(0) - exp_below_lane(from[i]) * value; });
      if (streamed) finish_streaming();
      const int64_t place = places[row];
      grad_input[row * c + place] = value - exp_below_lane(from[place]) * value;
    }
  });
}

template <typename T>
constexpr CrossEntropyKernels<T> make() {
  return {cross_entropy<T>, soft_cross_entropy<T>, nll_loss<T>, log_softmax_backward_picked<T>};
}

}  // namespace

const Both<CrossEntropyKernels> kCrossEntropy{make<float>(), make<double>()};

}  // namespace penlight::PENLIGHT_LEVEL
