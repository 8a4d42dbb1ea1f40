#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

template <typename T>
const NormalizationKernels<T>& family() {
  return kernels().normalization->get<T>();
}

template <typename T>
NormGradients<T> gradients(const MaybeOut<T>& input, const MaybeOut<T>& weight,
                           const MaybeOut<T>& bias) {
  return {data_or_null(input), data_or_null(weight), data_or_null(bias)};
}

template <typename T>
void layer_norm(const Out<T>& out, const MaybeOut<T>& mean, const Out<T>& rstd, const In<T>& input,
                const MaybeIn<T>& weight, const MaybeIn<T>& bias, double eps) {
  const int64_t n = size_of("input", input, 2, 0), l = size_of("input", input, 2, 1);
  check_shape("out", out, {n, l});
  check_shape("mean", mean, {n});
  check_shape("rstd", rstd, {n});
  check_shape("weight", weight, {l});
  check_shape("bias", bias, {l});
  family<T>().layer_norm(out.data(), data_or_null(mean), rstd.data(), input.data(),
                         data_or_null(weight), data_or_null(bias), eps, n, l);
}

template <typename T>
void layer_norm_backward(const MaybeOut<T>& grad_input, const MaybeOut<T>& grad_weight,
                         const MaybeOut<T>& grad_bias, const In<T>& grad, const In<T>& input,
                         const MaybeIn<T>& mean, const In<T>& rstd, const MaybeIn<T>& weight) {
  const int64_t n = size_of("input", input, 2, 0), l = size_of("input", input, 2, 1);
  check_shape("grad_input", grad_input, {n, l});
  check_shape("grad_weight", grad_weight, {l});
  check_shape("grad_bias", grad_bias, {l});
  check_shape("grad", grad, {n, l});
  check_shape("mean", mean, {n});
  check_shape("rstd", rstd, {n});
  check_shape("weight", weight, {l});
  family<T>().layer_norm_backward(gradients(grad_input, grad_weight, grad_bias), grad.data(),
                                  input.data(), data_or_null(mean), rstd.data(),
                                  data_or_null(weight), n, l);
}

template <typename T>
Channels channels_of(const In<T>& input) {
  return {size_of("input", input, 3, 0), size_of("input", input, 3, 1),
          size_of("input", input, 3, 2)};
}

void check_groups(const Channels& size, int64_t groups) {
  if (groups < 1 || size.c % groups != 0) {
    throw std::invalid_argument("groups: expected a divisor of " + std::to_string(size.c) +
                                " channels, got " + std::to_string(groups));
  }
}

template <typename T>
void group_norm(const Out<T>& out, const Out<T>& mean, const Out<T>& rstd, const In<T>& input,
                const MaybeIn<T>& weight, const MaybeIn<T>& bias, double eps, int64_t groups) {
  const Channels size = channels_of(input);
  check_groups(size, groups);
  check_same_shape("out", out, input);
  check_shape("mean", mean, {size.n, groups});
  check_shape("rstd", rstd, {size.n, groups});
  check_shape("weight", weight, {size.c});
  check_shape("bias", bias, {size.c});
  family<T>().group_norm(out.data(), mean.data(), rstd.data(), input.data(), data_or_null(weight),
                         data_or_null(bias), eps, size, groups);
}

template <typename T>
void group_norm_backward(const MaybeOut<T>& grad_input, const MaybeOut<T>& grad_weight,
                         const MaybeOut<T>& grad_bias, const In<T>& grad, const In<T>& input,
                         const In<T>& mean, const In<T>& rstd, const MaybeIn<T>& weight,
                         int64_t groups) {
  const Channels size = channels_of(input);
  check_groups(size, groups);
  check_shape("grad_input", grad_input, {size.n, size.c, size.s});
  check_shape("grad_weight", grad_weight, {size.c});
  check_shape("grad_bias", grad_bias, {size.c});
  check_same_shape("grad", grad, input);
  check_shape("mean", mean, {size.n, groups});
  check_shape("rstd", rstd, {size.n, groups});
  check_shape("weight", weight, {size.c});
  family<T>().group_norm_backward(gradients(grad_input, grad_weight, grad_bias), grad.data(),
                                  input.data(), mean.data(), rstd.data(), data_or_null(weight),
                                  size, groups);
}

template <typename T>
void batch_moments(const Out<T>& mean, const Out<T>& var, const In<T>& input) {
  const Channels size = channels_of(input);
  check_shape("mean", mean, {size.c});
  check_shape("var", var, {size.c});
  family<T>().batch_moments(mean.data(), var.data(), input.data(), size);
}

template <typename T>
void batch_norm(const Out<T>& out, const In<T>& input, const In<T>& mean, const In<T>& rstd,
                const MaybeIn<T>& weight, const MaybeIn<T>& bias) {
  const Channels size = channels_of(input);
  check_same_shape("out", out, input);
  check_shape("mean", mean, {size.c});
  check_shape("rstd", rstd, {size.c});
  check_shape("weight", weight, {size.c});
  check_shape("bias", bias, {size.c});
  family<T>().batch_norm(out.data(), input.data(), mean.data(), rstd.data(), data_or_null(weight),
                         data_or_null(bias), size);
}

template <typename T>
void batch_norm_backward(const MaybeOut<T>& grad_input, const MaybeOut<T>& grad_weight,
                         const MaybeOut<T>& grad_bias, const In<T>& grad, const In<T>& input,
                         const In<T>& mean, const In<T>& rstd, const MaybeIn<T>& weight,
                         bool fixed) {
  const Channels size = channels_of(input);
  check_shape("grad_input", grad_input, {size.n, size.c, size.s});
  check_shape("grad_weight", grad_weight, {size.c});
  check_shape("grad_bias", grad_bias, {size.c});
  check_same_shape("grad", grad, input);
  check_shape("mean", mean, {size.c});
  check_shape("rstd", rstd, {size.c});
  check_shape("weight", weight, {size.c});
  family<T>().batch_norm_backward(gradients(grad_input, grad_weight, grad_bias), grad.data(),
                                  input.data(), mean.data(), rstd.data(), data_or_null(weight),
                                  fixed, size);
}

template <typename T>
void bind(nb::module_& m) {
  const auto array = [](const char* name) { return nb::arg(name).noconvert(); };
  const auto maybe = [](const char* name) { return nb::arg(name).noconvert().none(); };
  m.def("layer_norm", &layer_norm<T>, array("out"), maybe("mean"), array("rstd"), array("input"),
        maybe("weight"), maybe("bias"), nb::arg("eps"), WithoutGil());
  m.def("layer_norm_backward", &layer_norm_backward<T>, maybe("grad_input"), maybe("grad_weight"),
        maybe("grad_bias"), array("grad"), array("input"), maybe("mean"), array("rstd"),
        maybe("weight"), WithoutGil());
  m.def("group_norm", &group_norm<T>, array("out"), array("mean"), array("rstd"), array("input"),
        maybe("weight"), maybe("bias"), nb::arg("eps"), nb::arg("groups"), WithoutGil());
  m.def("group_norm_backward", &group_norm_backward<T>, maybe("grad_input"), maybe("grad_weight"),
        maybe("grad_bias"), array("grad"), array("input"), array("mean"), array("rstd"),
        maybe("weight"), nb::arg("groups"), WithoutGil());
  m.def("batch_moments", &batch_moments<T>, array("mean"), array("var"), array("input"),
        WithoutGil());
  m.def("batch_norm", &batch_norm<T>, array("out"), array("input"), array("mean"), array("rstd"),
        maybe("weight"), maybe("bias"), WithoutGil());
  m.def("batch_norm_backward", &batch_norm_backward<T>, maybe("grad_input"), maybe("grad_weight"),
        maybe("grad_bias"), array("grad"), array("input"), array("mean"), array("rstd"),
        maybe("weight"), nb::arg("fixed"), WithoutGil());
}

}  // namespace

void bind_normalization(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
