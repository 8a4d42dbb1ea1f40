// Compiled without contraction to fused multiply-add: every operation rounds as its NumPy form
// does, so a step gives the same bits at every level, in NumPy and in the ops that it stands for.
// Memory and division are what a step waits for, not multiplication.
#include "kernels/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/lanes.hpp"
#include "support/parallel.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kPiece = 1024;  // elements that stay in the first cache from pass to pass
constexpr int64_t kSgdChunk = 65536;
constexpr int64_t kAdamChunk = 16384;

// Calls f(part, at, n) for runs of at most kPiece elements that together are all of all parts.
template <typename T, typename F>
void for_each_piece(const OptimizerPart<T>* parts, int64_t count, int64_t chunk, const F& f) {
  std::vector<int64_t> ends(count);
  int64_t total = 0;
  for (int64_t i = 0; i < count; ++i) ends[i] = total += parts[i].size;
  parallel_for(0, total, chunk, [&](int64_t first, int64_t last) {
    int64_t i = std::upper_bound(ends.begin(), ends.end(), first) - ends.begin();
    for (; first < last; ++i) {
      const OptimizerPart<T>& part = parts[i];
      const int64_t begin = ends[i] - part.size;
      const int64_t stop = std::min(last, ends[i]);
      while (first < stop) {
        int64_t at = first - begin;
        int64_t n = std::min(stop - first, kPiece);
        if (part.rows != nullptr) {
          const int64_t column = at % part.width;
          n = std::min(n, part.width - column);
          at = part.rows[at / part.width] * part.width + column;
        }
        f(part, at, n);
        first += n;
      }
    }
  });
}

// The gradient to descend: negated to climb, with the weight decay. Uses `space` if it changes.
template <typename T>
PENLIGHT_INLINE const T* descended(T* space, const T* grad, const T* param, int64_t n,
                                   double weight_decay, bool maximize) {
  if (weight_decay == 0 && !maximize) return grad;
  const T sign = maximize ? -1 : 1;
  if (weight_decay == 0) {
    for (int64_t i = 0; i < n; ++i) space[i] = sign * grad[i];
  } else {
    const T decay = static_cast<T>(weight_decay);
    for (int64_t i = 0; i < n; ++i) space[i] = sign * grad[i] + decay * param[i];
  }
  return space;
}

// ---- SGD ----------------------------------------------------------------------------------------

template <typename T>
PENLIGHT_INLINE const T* with_momentum(T* space, T* __restrict buffer, const T* grad, int64_t n,
                                       const SgdOptions& o) {
  const T momentum = static_cast<T>(o.momentum);
  if (o.first) {
    for (int64_t i = 0; i < n; ++i) buffer[i] = grad[i];
  } else if (o.dampening == 0) {
    for (int64_t i = 0; i < n; ++i) buffer[i] = buffer[i] * momentum + grad[i];
  } else {
    const T share = static_cast<T>(1 - o.dampening);
    for (int64_t i = 0; i < n; ++i) buffer[i] = buffer[i] * momentum + share * grad[i];
  }
  if (!o.nesterov) return buffer;
  for (int64_t i = 0; i < n; ++i) space[i] = grad[i] + momentum * buffer[i];
  return space;
}

template <typename T>
void sgd_step(const OptimizerPart<T>* parts, int64_t count, const SgdOptions& o) {
  for_each_piece(parts, count, kSgdChunk, [&](const OptimizerPart<T>& part, int64_t at, int64_t n) {
    T space[kPiece];
    T* __restrict param = part.param + at;
    const T* grad = descended(space, part.grad + at, param, n, o.weight_decay, o.maximize);
    if (o.momentum != 0) grad = with_momentum(space, part.state[0] + at, grad, n, o);
    const T rate = static_cast<T>(-o.lr);
    for (int64_t i = 0; i < n; ++i) param[i] += rate * grad[i];
  });
}

// ---- Adagrad ------------------------------------------------------------------------------------

template <typename T>
void adagrad_step(const OptimizerPart<T>* parts, int64_t count, const AdagradOptions& o) {
  for_each_piece(
      parts, count, kAdamChunk, [&](const OptimizerPart<T>& part, int64_t at, int64_t n) {
        T space[kPiece];
        T* __restrict param = part.param + at;
        T* __restrict sum = part.state[0] + at;
        const T* grad = descended(space, part.grad + at, param, n, o.weight_decay, o.maximize);
        const T rate = static_cast<T>(-(o.lr / (1 + (part.step - 1) * o.lr_decay)));
        const T eps = static_cast<T>(o.eps);
        for (int64_t i = 0; i < n; ++i) {
          sum[i] += grad[i] * grad[i];
          param[i] += rate * grad[i] / (std::sqrt(sum[i]) + eps);
        }
      });
}

// ---- Adam ---------------------------------------------------------------------------------------

// Both moments, worked out from the nearer end as lerp does.
template <typename T>
PENLIGHT_INLINE void move_moments(T* __restrict first, T* __restrict second, const T* grad,
                                  int64_t n, const AdamOptions& o) {
  const double weight = 1 - o.beta1;
  const T near = static_cast<T>(weight), far = static_cast<T>(1 - weight);
  const T beta2 = static_cast<T>(o.beta2), share = static_cast<T>(1 - o.beta2);
  if (std::fabs(weight) < 0.5) {
    for (int64_t i = 0; i < n; ++i) first[i] += near * (grad[i] - first[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) first[i] = grad[i] - (grad[i] - first[i]) * far;
  }
  for (int64_t i = 0; i < n; ++i) second[i] = second[i] * beta2 + share * grad[i] * grad[i];
}

// The larger of both; NaN if either is.
template <typename T>
PENLIGHT_INLINE void keep_largest(T* __restrict largest, const T* __restrict second, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const T before = largest[i];
    largest[i] = before >= second[i] || before != before ? before : second[i];
  }
}

template <typename T>
void adam_piece(const OptimizerPart<T>& part, int64_t at, int64_t n, const AdamOptions& o,
                double correction1, double correction2) {
  T space[kPiece];
  T* __restrict param = part.param + at;
  const bool shrinks = o.decoupled && o.weight_decay != 0;
  if (shrinks) {
    const T factor = static_cast<T>(1 - o.lr * o.weight_decay);
    for (int64_t i = 0; i < n; ++i) param[i] *= factor;
  }
  const double decay = o.decoupled ? 0 : o.weight_decay;
  const T* grad = descended(space, part.grad + at, param, n, decay, o.maximize);
  T* first = part.state[0] + at;
  T* second = part.state[1] + at;
  move_moments(first, second, grad, n, o);
  if (part.state[2] != nullptr) {
    keep_largest(part.state[2] + at, second, n);
    second = part.state[2] + at;
  }
  const T root = static_cast<T>(correction2), eps = static_cast<T>(o.eps);
  const T rate = static_cast<T>(-o.lr / correction1);
  for (int64_t i = 0; i < n; ++i) {
    param[i] += rate * first[i] / (std::sqrt(second[i]) / root + eps);
  }
}

template <typename T>
void adam_step(const OptimizerPart<T>* parts, int64_t count, const AdamOptions& o) {
  struct Correction {
    double first, second;
  };
  std::vector<Correction> corrections(count);
  for (int64_t i = 0; i < count; ++i) {
    const double step = parts[i].step;
    corrections[i] =
        i > 0 && step == parts[i - 1].step
            ? corrections[i - 1]
            : Correction{1 - std::pow(o.beta1, step), std::pow(1 - std::pow(o.beta2, step), 0.5)};
  }
  for_each_piece(parts, count, kAdamChunk,
                 [&](const OptimizerPart<T>& part, int64_t at, int64_t n) {
                   const Correction& c = corrections[&part - parts];
                   adam_piece(part, at, n, o, c.first, c.second);
                 });
}

}  // namespace

const Both<OptimizerKernels> kOptimizer{
    {sgd_step<float>, adagrad_step<float>, adam_step<float>},
    {sgd_step<double>, adagrad_step<double>, adam_step<double>},
};

}  // namespace penlight::PENLIGHT_LEVEL
