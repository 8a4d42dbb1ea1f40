#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

struct Layout {
  int64_t outer, dim, inner;
};

template <typename A>
Layout layout_of(const char* name, const A& array) {
  return {size_of(name, array, 3, 0), size_of(name, array, 3, 1), size_of(name, array, 3, 2)};
}

template <typename T, auto kKernel>
void forward(const Out<T>& out, const In<T>& input) {
  const auto [outer, dim, inner] = layout_of("input", input);
  check_shape("out", out, {outer, dim, inner});
  (kernels().softmax->get<T>().*kKernel)(out.data(), input.data(), outer, dim, inner);
}

template <typename T, auto kKernel>
void backward(const Out<T>& grad_input, const In<T>& grad, const In<T>& out) {
  const auto [outer, dim, inner] = layout_of("out", out);
  check_shape("grad_input", grad_input, {outer, dim, inner});
  check_shape("grad", grad, {outer, dim, inner});
  (kernels().softmax->get<T>().*kKernel)(grad_input.data(), grad.data(), out.data(), outer, dim,
                                         inner);
}

template <typename T>
void bind(nb::module_& m) {
  using K = SoftmaxKernels<T>;
  const auto out = nb::arg("out").noconvert();
  const auto input = nb::arg("input").noconvert();
  const auto grad_input = nb::arg("grad_input").noconvert();
  const auto grad = nb::arg("grad").noconvert();
  m.def("softmax", &forward<T, &K::softmax>, out, input, WithoutGil());
  m.def("log_softmax", &forward<T, &K::log_softmax>, out, input, WithoutGil());
  m.def("softmax_backward", &backward<T, &K::softmax_backward>, grad_input, grad, out,
        WithoutGil());
  m.def("log_softmax_backward", &backward<T, &K::log_softmax_backward>, grad_input, grad, out,
        WithoutGil());
}

}  // namespace

void bind_softmax(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
