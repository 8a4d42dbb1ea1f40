#include "kernels/normalization.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "support/lanes.hpp"
#include "support/parallel.hpp"
#include "support/rows.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kMostParts = 64;  // partial sums over rows that are kept at once
constexpr int64_t kRowsAdded = 64;  // rows that are added up before double precision is due

// The number of rows of n whose sum is a part: it follows from the sizes alone.
int64_t rows_in_part(int64_t n, int64_t size) {
  return std::max(rows_in_chunk(size), (n + kMostParts - 1) / kMostParts);
}

template <typename T>
PENLIGHT_INLINE T factor_at(const T* weight, int64_t i) {
  return weight == nullptr ? T(1) : weight[i];
}

// ---- sums of adjacent elements ------------------------------------------------------------------

template <typename T>
PENLIGHT_INLINE double sum_of(const T* x, int64_t n) {
  RowSum<T> sum;
  sum.add_values(n, [x](int64_t i) { return x[i]; });
  return sum.exact();
}

template <typename T>
PENLIGHT_INLINE double sum_of_squares(const T* x, T center, int64_t n) {
  RowSum<T> sum;
  sum.add_values(n, [x, center](int64_t i) { return (x[i] - center) * (x[i] - center); });
  return sum.exact();
}

// The sum of grad * (x - center).
template <typename T>
PENLIGHT_INLINE double sum_of_products(const T* grad, const T* x, T center, int64_t n) {
  RowSum<T> sum;
  sum.add_values(n, [=](int64_t i) { return grad[i] * (x[i] - center); });
  return sum.exact();
}

template <typename T>
T inverse_root(double square, double eps) {
  return T(1 / std::sqrt(square + eps));
}

// out = (x - center) * scale + shift
template <typename T>
PENLIGHT_INLINE void affine(T* __restrict out, const T* __restrict x, T center, T scale, T shift,
                            int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - center) * scale + shift;
}

// out = grad * a - (x - center) * b - c
template <typename T>
PENLIGHT_INLINE void affine_backward(T* __restrict out, const T* __restrict grad,
                                     const T* __restrict x, T center, T a, T b, T c, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = grad[i] * a - (x[i] - center) * b - c;
}

// ---- layer and RMS norm: rows of l elements, a weight for each ----------------------------------

template <typename T>
void layer_norm(T* out, T* mean, T* rstd, const T* input, const T* weight, const T* bias,
                double eps, int64_t n, int64_t l) {
  parallel_for(0, n, rows_in_chunk(l), [=](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const T* __restrict x = input + row * l;
      T* __restrict to = out + row * l;
      const T center = mean == nullptr ? T(0) : T(sum_of(x, l) / double(l));
      const T scale = inverse_root<T>(sum_of_squares(x, center, l) / double(l), eps);
      if (mean != nullptr) mean[row] = center;
      rstd[row] = scale;
      if (weight != nullptr && bias != nullptr) {
        for (int64_t i = 0; i < l; ++i) to[i] = (x[i] - center) * scale * weight[i] + bias[i];
        continue;
      }
      affine(to, x, center, scale, T(0), l);
      if (weight != nullptr)
        for (int64_t i = 0; i < l; ++i) to[i] *= weight[i];
      if (bias != nullptr)
        for (int64_t i = 0; i < l; ++i) to[i] += bias[i];
    }
  });
}

template <typename T>
struct LayerRows {
  const T *grad, *input, *mean, *rstd, *weight;
  int64_t l;

  // Writes the gradient of the row's input.
  PENLIGHT_INLINE void backward(T* __restrict to, int64_t row) const {
    const T* __restrict g = grad + row * l;
    const T* __restrict x = input + row * l;
    const T center = mean == nullptr ? T(0) : mean[row], scale = rstd[row];
    const T* __restrict w = weight;
    w == nullptr ? finish(to, g, x, center, scale, [](int64_t) { return T(1); })
                 : finish(to, g, x, center, scale, [w](int64_t i) { return w[i]; });
  }

  // Adds the row's gradients of weight and bias, each if it is not null.
  PENLIGHT_INLINE void add_parameters(T* __restrict grad_weight, T* __restrict grad_bias,
                                      int64_t row) const {
    const T* __restrict g = grad + row * l;
    const T* __restrict x = input + row * l;
    const T center = mean == nullptr ? T(0) : mean[row], scale = rstd[row];
    if (grad_weight != nullptr) {
      for (int64_t i = 0; i < l; ++i) grad_weight[i] += g[i] * ((x[i] - center) * scale);
    }
    if (grad_bias != nullptr) {
      for (int64_t i = 0; i < l; ++i) grad_bias[i] += g[i];
    }
  }

 private:
  template <typename F>
  PENLIGHT_INLINE void finish(T* __restrict to, const T* __restrict g, const T* __restrict x,
                              T center, T scale, const F& factor) const {
    RowSum<T> sum, dot;
    sum.add_values(l, [=](int64_t i) { return g[i] * factor(i); });
    dot.add_values(l, [=](int64_t i) { return g[i] * factor(i) * (x[i] - center); });
    const double square = double(scale) * double(scale);
    const T b = T(double(scale) * square * dot.exact() / double(l));
    const T c = mean == nullptr ? T(0) : T(double(scale) * sum.exact() / double(l));
    for (int64_t i = 0; i < l; ++i) to[i] = g[i] * factor(i) * scale - (x[i] - center) * b - c;
  }
};

// Writes the sums of parts, each of l elements, in their order.
template <typename T>
void add_parts(T* out, const T* parts, int64_t count, int64_t l) {
  if (out == nullptr) return;
  for (int64_t i = 0; i < l; ++i) {
    double total = 0;
    for (int64_t part = 0; part < count; ++part) total += double(parts[part * l + i]);
    out[i] = T(total);
  }
}

template <typename T>
void layer_norm_backward(const NormGradients<T>& grads, const T* grad, const T* input,
                         const T* mean, const T* rstd, const T* weight, int64_t n, int64_t l) {
  const int64_t rows = rows_in_part(n, l);
  const int64_t parts = n == 0 ? 0 : (n - 1) / rows + 1;
  const std::unique_ptr<T[]> of_weight(grads.weight == nullptr ? nullptr : new T[parts * l]());
  const std::unique_ptr<T[]> of_bias(grads.bias == nullptr ? nullptr : new T[parts * l]());
  const LayerRows<T> all{grad, input, mean, rstd, weight, l};
  parallel_for(0, n, rows, [&](int64_t first, int64_t last) {
    T* to_weight = of_weight ? of_weight.get() + first / rows * l : nullptr;
    T* to_bias = of_bias ? of_bias.get() + first / rows * l : nullptr;
    for (int64_t row = first; row < last; ++row) {
      if (grads.input != nullptr) all.backward(grads.input + row * l, row);
      all.add_parameters(to_weight, to_bias, row);
    }
  });
  add_parts(grads.weight, of_weight.get(), parts, l);
  add_parts(grads.bias, of_bias.get(), parts, l);
}

// ---- group norm: the channels of a group are adjacent -------------------------------------------

template <typename T>
void group_norm(T* out, T* mean, T* rstd, const T* input, const T* weight, const T* bias,
                double eps, const Channels& size, int64_t groups) {
  const int64_t channels = size.c / groups, s = size.s, all = channels * s;
  parallel_for(0, size.n * groups, rows_in_chunk(all), [=](int64_t first, int64_t last) {
    for (int64_t group = first; group < last; ++group) {
      const T* x = input + group * all;
      const T center = T(sum_of(x, all) / double(all));
      const T scale = inverse_root<T>(sum_of_squares(x, center, all) / double(all), eps);
      mean[group] = center;
      rstd[group] = scale;
      for (int64_t k = 0; k < channels; ++k) {
        const int64_t c = group % groups * channels + k;
        const T shift = bias == nullptr ? T(0) : bias[c];
        affine(out + group * all + k * s, x + k * s, center, scale * factor_at(weight, c), shift,
               s);
      }
    }
  });
}

template <typename T>
struct Groups {
  const T *grad, *input, *mean, *rstd, *weight;
  int64_t groups, channels, s;
  T *sums, *dots;  // of the gradient, and of it times the normalised input, for each channel

  PENLIGHT_INLINE void backward(T* grad_input, int64_t group) const {
    const T center = mean[group], scale = rstd[group];
    double sum = 0, dot = 0;
    for (int64_t k = 0; k < channels; ++k) {
      const int64_t plane = group * channels + k;
      const double plane_sum = sum_of(grad + plane * s, s);
      const double plane_dot = sum_of_products(grad + plane * s, input + plane * s, center, s);
      const double factor = double(factor_at(weight, group % groups * channels + k));
      sums[plane] = T(plane_sum);
      dots[plane] = T(plane_dot * double(scale));
      sum += factor * plane_sum;
      dot += factor * plane_dot;
    }
    if (grad_input == nullptr) return;
    const double count = double(channels * s), r = double(scale);
    for (int64_t k = 0; k < channels; ++k) {
      const int64_t plane = group * channels + k;
      const T factor = factor_at(weight, group % groups * channels + k);
      affine_backward(grad_input + plane * s, grad + plane * s, input + plane * s, center,
                      scale * factor, T(r * r * r * dot / count), T(r * sum / count), s);
    }
  }
};

template <typename T>
void group_norm_backward(const NormGradients<T>& grads, const T* grad, const T* input,
                         const T* mean, const T* rstd, const T* weight, const Channels& size,
                         int64_t groups) {
  const int64_t channels = size.c / groups;
  const std::unique_ptr<T[]> sums(new T[size.n * size.c]), dots(new T[size.n * size.c]);
  const Groups<T> all{grad,   input,    mean,   rstd,       weight,
                      groups, channels, size.s, sums.get(), dots.get()};
  parallel_for(0, size.n * groups, rows_in_chunk(channels * size.s),
               [&](int64_t first, int64_t last) {
                 for (int64_t group = first; group < last; ++group) {
                   all.backward(grads.input, group);
                 }
               });
  add_parts(grads.weight, dots.get(), size.n, size.c);
  add_parts(grads.bias, sums.get(), size.n, size.c);
}

// ---- batch norm where S > 1: a channel is a plane of each sample --------------------------------

template <typename T>
struct Planes {
  const T* data;
  Channels size;

  const T* at(int64_t n, int64_t c) const { return data + (n * size.c + c) * size.s; }

  PENLIGHT_INLINE double sum(int64_t c) const {
    double total = 0;
    for (int64_t n = 0; n < size.n; ++n) total += sum_of(at(n, c), size.s);
    return total;
  }

  PENLIGHT_INLINE double squares(int64_t c, T center) const {
    double total = 0;
    for (int64_t n = 0; n < size.n; ++n) total += sum_of_squares(at(n, c), center, size.s);
    return total;
  }

  PENLIGHT_INLINE double products(const T* grad, int64_t c, T center) const {
    double total = 0;
    for (int64_t n = 0; n < size.n; ++n) {
      total += sum_of_products(grad + (at(n, c) - data), at(n, c), center, size.s);
    }
    return total;
  }
};

template <typename F>
void for_each_channel(const Channels& size, const F& f) {
  parallel_for(0, size.c, rows_in_chunk(size.n * size.s), [&](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) f(c);
  });
}

// ---- batch norm where S is one: rows of channels ------------------------------------------------

// Writes the sum over rows of value(row, column), in parts whose number follows from the sizes.
template <typename T, typename F>
void sum_of_rows(double* out, int64_t n, int64_t c, const F& value) {
  const int64_t rows = rows_in_part(n, c), parts = n == 0 ? 0 : (n - 1) / rows + 1;
  const std::unique_ptr<double[]> kept(new double[parts * c]());
  parallel_for(0, n, rows, [&](int64_t first, int64_t last) {
    double* total = kept.get() + first / rows * c;
    const std::unique_ptr<T[]> few(new T[c]);
    for (int64_t start = first; start < last; start += kRowsAdded) {
      T* __restrict sum = few.get();
      std::fill_n(sum, c, T(0));
      for (int64_t row = start; row < std::min(last, start + kRowsAdded); ++row) {
        for (int64_t i = 0; i < c; ++i) sum[i] += value(row, i);
      }
      for (int64_t i = 0; i < c; ++i) total[i] += double(sum[i]);
    }
  });
  std::fill_n(out, c, 0.0);
  for (int64_t part = 0; part < parts; ++part) {
    for (int64_t i = 0; i < c; ++i) out[i] += kept[part * c + i];
  }
}

template <typename T>
void row_moments(T* mean, T* var, const T* input, int64_t n, int64_t c) {
  const std::unique_ptr<double[]> sum(new double[c]);
  sum_of_rows<T>(sum.get(), n, c, [=](int64_t row, int64_t i) { return input[row * c + i]; });
  for (int64_t i = 0; i < c; ++i) mean[i] = T(sum[i] / double(n));
  sum_of_rows<T>(sum.get(), n, c, [=](int64_t row, int64_t i) {
    const T d = input[row * c + i] - mean[i];
    return d * d;
  });
  for (int64_t i = 0; i < c; ++i) var[i] = T(sum[i] / double(n));
}

// ---- batch norm ---------------------------------------------------------------------------------

template <typename T>
void batch_moments(T* mean, T* var, const T* input, const Channels& size) {
  if (size.s == 1) {
    row_moments(mean, var, input, size.n, size.c);
    return;
  }
  const Planes<T> planes{input, size};
  const double count = double(size.n * size.s);
  for_each_channel(size, [&](int64_t c) {
    mean[c] = T(planes.sum(c) / count);
    var[c] = T(planes.squares(c, mean[c]) / count);
  });
}

template <typename T>
void batch_norm(T* out, const T* input, const T* mean, const T* rstd, const T* weight,
                const T* bias, const Channels& size) {
  const auto [n, c, s] = size;
  if (s == 1) {
    const std::unique_ptr<T[]> kept(new T[2 * c]);
    T *scale = kept.get(), *shift = kept.get() + c;
    for (int64_t i = 0; i < c; ++i) {
      scale[i] = rstd[i] * factor_at(weight, i);
      shift[i] = bias == nullptr ? T(0) : bias[i];
    }
    const int64_t width = c;
    parallel_for(0, n, rows_in_chunk(c), [=](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const T* __restrict x = input + row * width;
        T* __restrict to = out + row * width;
        for (int64_t i = 0; i < width; ++i) to[i] = (x[i] - mean[i]) * scale[i] + shift[i];
      }
    });
    return;
  }
  parallel_for(0, n * c, rows_in_chunk(s), [=, &size](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      const int64_t channel = plane % size.c;
      const T shift = bias == nullptr ? T(0) : bias[channel];
      affine(out + plane * size.s, input + plane * size.s, mean[channel],
             rstd[channel] * factor_at(weight, channel), shift, size.s);
    }
  });
}

template <typename T>
struct BatchBackward {
  const NormGradients<T>& grads;
  const T *grad, *input, *mean, *rstd, *weight;
  bool fixed;
  Channels size;

  // grad_input = grad * a - (input - mean) * b - c, from the channel's sums.
  struct Coefficients {
    T a, b, c;
  };

  PENLIGHT_INLINE Coefficients finish(int64_t c, double sum, double dot) const {
    const double r = double(rstd[c]), factor = double(factor_at(weight, c));
    const double count = double(size.n * size.s);
    if (grads.weight != nullptr) grads.weight[c] = T(dot * r);
    if (grads.bias != nullptr) grads.bias[c] = T(sum);
    if (fixed) return {T(r * factor), T(0), T(0)};
    return {T(r * factor), T(r * r * r * factor * dot / count), T(r * factor * sum / count)};
  }

  PENLIGHT_INLINE void channel(int64_t c) const {
    const Planes<T> planes{input, size}, gradients{grad, size};
    const Coefficients k = finish(c, gradients.sum(c), planes.products(grad, c, mean[c]));
    if (grads.input == nullptr) return;
    for (int64_t n = 0; n < size.n; ++n) {
      const T* x = planes.at(n, c);
      affine_backward(grads.input + (x - input), gradients.at(n, c), x, mean[c], k.a, k.b, k.c,
                      size.s);
    }
  }

  void rows() const {
    const auto [n, c, s] = size;
    const T *g = grad, *x = input, *center = mean;
    const int64_t width = c;
    const std::unique_ptr<double[]> sums(new double[2 * c]);
    sum_of_rows<T>(sums.get(), n, c, [=](int64_t row, int64_t i) { return g[row * width + i]; });
    sum_of_rows<T>(sums.get() + c, n, c, [=](int64_t row, int64_t i) {
      return g[row * width + i] * (x[row * width + i] - center[i]);
    });
    const std::unique_ptr<T[]> kept(new T[3 * c]);
    T *scale = kept.get(), *slope = scale + c, *level = slope + c;
    for (int64_t i = 0; i < c; ++i) {
      const Coefficients k = finish(i, sums[i], sums[c + i]);
      scale[i] = k.a;
      slope[i] = k.b;
      level[i] = k.c;
    }
    if (grads.input == nullptr) return;
    T* out = grads.input;
    parallel_for(0, n, rows_in_chunk(c), [=](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const int64_t at = row * width;
        T* __restrict to = out + at;
        for (int64_t i = 0; i < width; ++i) {
          to[i] = g[at + i] * scale[i] - (x[at + i] - center[i]) * slope[i] - level[i];
        }
      }
    });
  }
};

template <typename T>
void batch_norm_backward(const NormGradients<T>& grads, const T* grad, const T* input,
                         const T* mean, const T* rstd, const T* weight, bool fixed,
                         const Channels& size) {
  const BatchBackward<T> all{grads, grad, input, mean, rstd, weight, fixed, size};
  if (size.s == 1) {
    all.rows();
  } else {
    for_each_channel(size, [&](int64_t c) { all.channel(c); });
  }
}

template <typename T>
constexpr NormalizationKernels<T> make() {
  return {layer_norm<T>,    layer_norm_backward<T>, group_norm<T>,         group_norm_backward<T>,
          batch_moments<T>, batch_norm<T>,          batch_norm_backward<T>};
}

}  // namespace

const Both<NormalizationKernels> kNormalization{make<float>(), make<double>()};

}  // namespace penlight::PENLIGHT_LEVEL
