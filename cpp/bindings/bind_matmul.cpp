#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

template <typename T>
using Strided = nb::ndarray<const T, nb::ndim<2>, nb::device::cpu>;

template <typename T>
Matrix<T> matrix_of(const Strided<T>& array) {
  return {array.data(), array.stride(0), array.stride(1)};
}

template <typename T>
void matmul(const Out<T>& out, const Strided<T>& a, const Strided<T>& b, const MaybeIn<T>& bias) {
  const int64_t m = size_of("a", a, 2, 0), k = size_of("a", a, 2, 1), n = size_of("b", b, 2, 1);
  check_shape("b", b, {k, n});
  check_shape("out", out, {m, n});
  check_shape("bias", bias, {n});
  kernels().matmul->get<T>().matmul(out.data(), matrix_of<T>(a), matrix_of<T>(b),
                                    data_or_null(bias), m, n, k);
}

template <typename T>
void bind(nb::module_& m) {
  m.def("matmul", &matmul<T>, nb::arg("out").noconvert(), nb::arg("a").noconvert(),
        nb::arg("b").noconvert(), nb::arg("bias").noconvert().none() = nb::none(), WithoutGil());
}

}  // namespace

void bind_matmul(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
