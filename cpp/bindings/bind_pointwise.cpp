#include <cstddef>
#include <utility>

#include "bindings/arrays.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

template <typename A, typename B>
void check_same_shape(const char* name, const A& array, const B& other) {
  bool same = array.ndim() == other.ndim();
  for (size_t i = 0; same && i < array.ndim(); ++i) same = array.shape(i) == other.shape(i);
  if (!same) throw std::invalid_argument(std::string(name) + ": expected the shape of the input");
}

template <size_t>
using Number = double;

// Options are named a, b and c in the order in which they come.
template <typename T, auto kKernel, size_t... kOption>
void bind_forward(nb::module_& m, const char* name, std::index_sequence<kOption...>) {
  m.def(
      name,
      [](const Out<T>& out, const In<T>& input, Number<kOption>... options) {
        check_same_shape("out", out, input);
        (kernels().pointwise->get<T>().*kKernel)(out.data(), input.data(),
                                                 static_cast<int64_t>(input.size()),
                                                 Options<T>{static_cast<T>(options)...});
      },
      nb::arg("out").noconvert(), nb::arg("input").noconvert(), ((void)kOption, nb::arg())...,
      WithoutGil());
}

template <typename T, auto kKernel, size_t... kOption>
void bind_backward(nb::module_& m, const char* name, std::index_sequence<kOption...>) {
  m.def(
      name,
      [](const Out<T>& grad_input, const In<T>& grad, const In<T>& saved,
         Number<kOption>... options) {
        check_same_shape("grad_input", grad_input, saved);
        const bool same = grad.ndim() == 0;
        if (!same) check_same_shape("grad", grad, saved);
        (kernels().pointwise->get<T>().*kKernel)(grad_input.data(), grad.data(), saved.data(),
                                                 static_cast<int64_t>(saved.size()),
                                                 Options<T>{static_cast<T>(options)...}, same);
      },
      nb::arg("grad_input").noconvert(), nb::arg("grad").noconvert(), nb::arg("saved").noconvert(),
      ((void)kOption, nb::arg())..., WithoutGil());
}

// An operand without dimensions is one number for every element.
template <typename T, auto kKernel>
void bind_arithmetic(nb::module_& m, const char* name) {
  m.def(
      name,
      [](const Out<T>& out, const In<T>& input, const In<T>& other) {
        const bool numbers = out.ndim() > 0;
        const One one = numbers && input.ndim() == 0   ? One::kInput
                        : numbers && other.ndim() == 0 ? One::kOther
                                                       : One::kNone;
        if (one != One::kInput) check_shape("input", input, out.shape_ptr(), out.ndim());
        if (one != One::kOther) check_shape("other", other, out.shape_ptr(), out.ndim());
        (kernels().pointwise->get<T>().*kKernel)(out.data(), input.data(), other.data(),
                                                 static_cast<int64_t>(out.size()), one);
      },
      nb::arg("out").noconvert(), nb::arg("input").noconvert(), nb::arg("other").noconvert(),
      WithoutGil());
}

template <typename T>
void dropout_backward(const Out<T>& grad_input, const In<T>& grad, const In<bool>& mask,
                      double scale) {
  check_same_shape("grad_input", grad_input, mask);
  const bool same = grad.ndim() == 0;
  if (!same) check_same_shape("grad", grad, mask);
  kernels().pointwise->get<T>().dropout_backward(grad_input.data(), grad.data(), mask.data(),
                                                 static_cast<int64_t>(mask.size()),
                                                 static_cast<T>(scale), same);
}

template <typename T>
void bind(nb::module_& m) {
  using K = PointwiseKernels<T>;
#define PENLIGHT_FORWARD(name, options) \
  bind_forward<T, &K::name>(m, #name, std::make_index_sequence<options>());
#define PENLIGHT_BACKWARD(name, options) \
  bind_backward<T, &K::name>(m, #name, std::make_index_sequence<options>());
  PENLIGHT_POINTWISE(PENLIGHT_FORWARD, PENLIGHT_BACKWARD)
#define PENLIGHT_OPERATION(name, symbol) bind_arithmetic<T, &K::name>(m, #name);
  PENLIGHT_ARITHMETIC(PENLIGHT_OPERATION)
#undef PENLIGHT_FORWARD
#undef PENLIGHT_BACKWARD
#undef PENLIGHT_OPERATION
  m.def("dropout_backward", &dropout_backward<T>, nb::arg("grad_input").noconvert(),
        nb::arg("grad").noconvert(), nb::arg("mask").noconvert(), nb::arg("scale"), WithoutGil());
}

}  // namespace

void bind_pointwise(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
