#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

void check_indices(const int64_t* indices, int64_t n, int64_t rows) {
  for (int64_t i = 0; i < n; ++i) {
    if (indices[i] < 0 || indices[i] >= rows) {
      throw std::out_of_range("index out of range in self: got index " +
                              std::to_string(indices[i]) + " at position " + std::to_string(i) +
                              ", but there are " + std::to_string(rows) + " rows");
    }
  }
}

template <typename T>
void add_rows(const Out<T>& out, const In<int64_t>& indices, const In<T>& values) {
  const int64_t n = size_of("indices", indices, 1, 0);
  const int64_t rows = size_of("out", out, 2, 0);
  const int64_t e = size_of("out", out, 2, 1);
  check_shape("values", values, {n, e});
  check_indices(indices.data(), n, rows);
  kernels().embedding->get<T>().add_rows(out.data(), indices.data(), values.data(), n, e);
}

template <typename T>
void clear_rows(const Out<T>& out, const In<int64_t>& indices) {
  const int64_t n = size_of("indices", indices, 1, 0);
  const int64_t e = size_of("out", out, 2, 1);
  check_indices(indices.data(), n, size_of("out", out, 2, 0));
  kernels().embedding->get<T>().clear_rows(out.data(), indices.data(), n, e);
}

template <typename T>
void bind(nb::module_& m) {
  m.def("add_rows", &add_rows<T>, nb::arg("out").noconvert(), nb::arg("indices").noconvert(),
        nb::arg("values").noconvert(), WithoutGil());
  m.def("clear_rows", &clear_rows<T>, nb::arg("out").noconvert(), nb::arg("indices").noconvert(),
        WithoutGil());
}

}  // namespace

void bind_embedding(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
