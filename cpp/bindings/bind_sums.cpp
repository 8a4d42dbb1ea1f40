#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

template <typename T>
void sum_rows(const Out<T>& out, const In<T>& input) {
  const int64_t n = size_of("input", input, 2, 0), l = size_of("input", input, 2, 1);
  check_shape("out", out, {n});
  kernels().sums->get<T>().sum_rows(out.data(), input.data(), n, l);
}

template <typename T>
void sum_columns(const Out<T>& out, const In<T>& input) {
  const int64_t n = size_of("input", input, 2, 0), l = size_of("input", input, 2, 1);
  check_shape("out", out, {l});
  kernels().sums->get<T>().sum_columns(out.data(), input.data(), n, l);
}

template <typename T>
void bind(nb::module_& m) {
  m.def("sum_columns", &sum_columns<T>, nb::arg("out").noconvert(), nb::arg("input").noconvert(),
        WithoutGil());
  m.def("sum_rows", &sum_rows<T>, nb::arg("out").noconvert(), nb::arg("input").noconvert(),
        WithoutGil());
}

}  // namespace

void bind_sums(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
