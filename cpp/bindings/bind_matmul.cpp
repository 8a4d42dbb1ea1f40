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
using Batch = nb::ndarray<const T, nb::ndim<3>, nb::device::cpu>;

template <typename T>
void batch_matmul(const Out<T>& out, const Batch<T>& a, const Batch<T>& b) {
  const int64_t batch = size_of("a", a, 3, 0), m = size_of("a", a, 3, 1);
  const int64_t k = size_of("a", a, 3, 2), n = size_of("b", b, 3, 2);
  check_shape("b", b, {batch, k, n});
  check_shape("out", out, {batch, m, n});
  kernels().matmul->get<T>().batch_matmul(out.data(), {a.data(), a.stride(1), a.stride(2)},
                                          {b.data(), b.stride(1), b.stride(2)}, a.stride(0),
                                          b.stride(0), batch, m, n, k);
}

template <typename T>
void bind(nb::module_& m) {
  m.def("matmul", &matmul<T>, nb::arg("out").noconvert(), nb::arg("a").noconvert(),
        nb::arg("b").noconvert(), nb::arg("bias").noconvert().none() = nb::none(), WithoutGil());
  m.def("batch_matmul", &batch_matmul<T>, nb::arg("out").noconvert(), nb::arg("a").noconvert(),
        nb::arg("b").noconvert(), WithoutGil());
}

}  // namespace

void bind_matmul(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
