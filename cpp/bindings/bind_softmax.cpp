#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

struct Layout {
  int64_t outer, dim, inner;
};

// An array of any shape as (outer, dim, inner).
template <typename A>
Layout layout_of(const A& array, int64_t dim) {
  const auto ndim = static_cast<int64_t>(array.ndim());
  if (dim < 0 || dim >= ndim) {
    throw std::invalid_argument("dim: expected 0 to " + std::to_string(ndim - 1) + ", got " +
                                std::to_string(dim));
  }
  Layout layout{1, static_cast<int64_t>(array.shape(dim)), 1};
  for (int64_t d = 0; d < dim; ++d) layout.outer *= static_cast<int64_t>(array.shape(d));
  for (int64_t d = dim + 1; d < ndim; ++d) layout.inner *= static_cast<int64_t>(array.shape(d));
  return layout;
}

template <typename T, auto kKernel>
void forward(const Out<T>& out, const In<T>& input, int64_t dim) {
  const auto [outer, length, inner] = layout_of(input, dim);
  check_same_shape("out", out, input);
  (kernels().softmax->get<T>().*kKernel)(out.data(), input.data(), outer, length, inner);
}

template <typename T, auto kKernel>
void backward(const Out<T>& grad_input, const In<T>& grad, const In<T>& out, int64_t dim) {
  const auto [outer, length, inner] = layout_of(out, dim);
  check_same_shape("grad_input", grad_input, out);
  check_same_shape("grad", grad, out);
  (kernels().softmax->get<T>().*kKernel)(grad_input.data(), grad.data(), out.data(), outer, length,
                                         inner);
}

template <typename T>
void bind(nb::module_& m) {
  using K = SoftmaxKernels<T>;
  const auto out = nb::arg("out").noconvert();
  const auto input = nb::arg("input").noconvert();
  const auto grad_input = nb::arg("grad_input").noconvert();
  const auto grad = nb::arg("grad").noconvert();
  const auto dim = nb::arg("dim");
  m.def("softmax", &forward<T, &K::softmax>, out, input, dim, WithoutGil());
  m.def("log_softmax", &forward<T, &K::log_softmax>, out, input, dim, WithoutGil());
  m.def("softmax_backward", &backward<T, &K::softmax_backward>, grad_input, grad, out, dim,
        WithoutGil());
  m.def("log_softmax_backward", &backward<T, &K::log_softmax_backward>, grad_input, grad, out, dim,
        WithoutGil());
}

}  // namespace

void bind_softmax(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
