#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

using Indices = In<int64_t>;

// The position of the first index outside [0, rows), -1 if there is none.
int64_t first_outside(const int64_t* indices, int64_t n, int64_t rows) {
  bool outside = false;
  for (int64_t i = 0; i < n; ++i) {
    outside |= static_cast<uint64_t>(indices[i]) >= static_cast<uint64_t>(rows);
  }
  for (int64_t i = 0; outside && i < n; ++i) {
    if (indices[i] < 0 || indices[i] >= rows) return i;
  }
  return -1;
}

void check_indices(const Indices& indices, int64_t rows) {
  const int64_t at = first_outside(indices.data(), size_of("indices", indices, 1, 0), rows);
  if (at < 0) return;
  throw std::out_of_range("index out of range in self: got index " +
                          std::to_string(indices.data()[at]) + " at position " +
                          std::to_string(at) + ", but there are " + std::to_string(rows) + " rows");
}

void check_starts(const Indices& starts, int64_t n) {
  const int64_t count = size_of("starts", starts, 1, 0);
  for (int64_t b = 0; b < count; ++b) {
    const int64_t least = b > 0 ? starts.data()[b - 1] : 0;
    if (starts.data()[b] >= least && starts.data()[b] <= n) continue;
    throw std::out_of_range("starts: expected rising positions up to " + std::to_string(n) +
                            ", got " + std::to_string(starts.data()[b]) + " at position " +
                            std::to_string(b));
  }
  if (count == 0) throw std::invalid_argument("starts: expected at least one position");
}

// Checks what all kernels of bags take but the range of the indices.
Bags bags_of(const Indices& indices, const Indices& starts, int64_t padding) {
  check_starts(starts, size_of("indices", indices, 1, 0));
  return {indices.data(), starts.data(), static_cast<int64_t>(starts.shape(0)) - 1, padding};
}

template <typename T>
void add_rows(const Out<T>& out, const Indices& indices, const In<T>& values) {
  const int64_t n = size_of("indices", indices, 1, 0);
  const int64_t rows = size_of("out", out, 2, 0);
  const int64_t e = size_of("out", out, 2, 1);
  check_shape("values", values, {n, e});
  check_indices(indices, rows);
  kernels().embedding->get<T>().add_rows(out.data(), indices.data(), values.data(), n, e);
}

template <typename T>
void clear_rows(const Out<T>& out, const Indices& indices) {
  const int64_t n = size_of("indices", indices, 1, 0);
  const int64_t e = size_of("out", out, 2, 1);
  check_indices(indices, size_of("out", out, 2, 0));
  kernels().embedding->get<T>().clear_rows(out.data(), indices.data(), n, e);
}

template <typename T>
int64_t gather_rows(const Out<T>& out, const In<T>& table, const Indices& indices) {
  const int64_t n = size_of("indices", indices, 1, 0);
  const int64_t e = size_of("table", table, 2, 1);
  check_shape("out", out, {n, e});
  const int64_t at = first_outside(indices.data(), n, size_of("table", table, 2, 0));
  if (at >= 0) return at;
  kernels().embedding->get<T>().gather_rows(out.data(), table.data(), indices.data(), n, e);
  return -1;
}

template <typename T>
int64_t bag_sums(const Out<T>& out, const Out<int64_t>& sizes, const In<T>& table,
                 const MaybeIn<T>& factors, const Indices& indices, const Indices& starts,
                 int64_t padding, bool mean) {
  const Bags bags = bags_of(indices, starts, padding);
  const int64_t n = static_cast<int64_t>(indices.shape(0));
  const int64_t e = size_of("table", table, 2, 1);
  check_shape("out", out, {bags.count, e});
  check_shape("sizes", sizes, {bags.count});
  check_shape("factors", factors, {n});
  const int64_t at = first_outside(bags.indices, n, static_cast<int64_t>(table.shape(0)));
  if (at >= 0) return at;
  kernels().embedding->get<T>().bag_sums(out.data(), sizes.data(), table.data(),
                                         data_or_null(factors), bags, e, mean);
  return -1;
}

template <typename T>
int64_t bag_maxima(const Out<T>& out, const Out<int64_t>& places, const In<T>& table,
                   const Indices& indices, const Indices& starts, int64_t padding) {
  const Bags bags = bags_of(indices, starts, padding);
  const int64_t e = size_of("table", table, 2, 1);
  check_shape("out", out, {bags.count, e});
  check_shape("places", places, {bags.count, e});
  for (int64_t b = 0; b < bags.count; ++b) {
    if (bags.starts[b + 1] - bags.starts[b] > INT32_MAX) {
      throw std::invalid_argument("starts: a bag has more indices than a maximum is taken of");
    }
  }
  const int64_t at = first_outside(bags.indices, static_cast<int64_t>(indices.shape(0)),
                                   static_cast<int64_t>(table.shape(0)));
  if (at >= 0) return at;
  kernels().embedding->get<T>().bag_maxima(out.data(), places.data(), table.data(), bags, e);
  return -1;
}

template <typename T>
void add_bags(const Out<T>& out, const In<T>& grad, const MaybeIn<T>& factors,
              const Indices& indices, const Indices& starts, int64_t padding) {
  const Bags bags = bags_of(indices, starts, padding);
  const int64_t e = size_of("out", out, 2, 1);
  check_shape("grad", grad, {bags.count, e});
  check_shape("factors", factors, {static_cast<int64_t>(indices.shape(0))});
  check_indices(indices, static_cast<int64_t>(out.shape(0)));
  kernels().embedding->get<T>().add_bags(out.data(), grad.data(), data_or_null(factors), bags, e);
}

template <typename T>
void add_maxima(const Out<T>& out, const In<T>& grad, const Indices& places,
                const Indices& indices) {
  const int64_t e = size_of("out", out, 2, 1);
  const int64_t count = size_of("grad", grad, 2, 0);
  const int64_t n = size_of("indices", indices, 1, 0);
  check_shape("grad", grad, {count, e});
  check_shape("places", places, {count, e});
  check_indices(indices, static_cast<int64_t>(out.shape(0)));
  for (int64_t i = 0; i < count * e; ++i) {
    if (places.data()[i] >= n) {
      throw std::out_of_range("places: expected positions below " + std::to_string(n) + ", got " +
                              std::to_string(places.data()[i]));
    }
  }
  const Bags bags{indices.data(), nullptr, count, -1};
  kernels().embedding->get<T>().add_maxima(out.data(), grad.data(), places.data(), bags, e);
}

template <typename T>
void bag_products(const Out<T>& out, const In<T>& grad, const In<T>& table, const Indices& indices,
                  const Indices& starts, int64_t padding) {
  const Bags bags = bags_of(indices, starts, padding);
  const int64_t n = static_cast<int64_t>(indices.shape(0));
  const int64_t e = size_of("table", table, 2, 1);
  check_shape("out", out, {n});
  check_shape("grad", grad, {bags.count, e});
  check_indices(indices, static_cast<int64_t>(table.shape(0)));
  kernels().embedding->get<T>().bag_products(out.data(), grad.data(), table.data(), bags, n, e);
}

template <typename T>
void bind(nb::module_& m) {
  const auto out = nb::arg("out").noconvert();
  const auto grad = nb::arg("grad").noconvert();
  const auto table = nb::arg("table").noconvert();
  const auto factors = nb::arg("factors").noconvert().none();
  const auto indices = nb::arg("indices").noconvert();
  const auto starts = nb::arg("starts").noconvert();
  const auto places = nb::arg("places").noconvert();
  const auto padding = nb::arg("padding");
  m.def("add_rows", &add_rows<T>, out, indices, nb::arg("values").noconvert(), WithoutGil());
  m.def("clear_rows", &clear_rows<T>, out, indices, WithoutGil());
  m.def("gather_rows", &gather_rows<T>, out, table, indices, WithoutGil());
  m.def("bag_sums", &bag_sums<T>, out, nb::arg("sizes").noconvert(), table, factors, indices,
        starts, padding, nb::arg("mean"), WithoutGil());
  m.def("bag_maxima", &bag_maxima<T>, out, places, table, indices, starts, padding, WithoutGil());
  m.def("add_bags", &add_bags<T>, out, grad, factors, indices, starts, padding, WithoutGil());
  m.def("add_maxima", &add_maxima<T>, out, grad, places, indices, WithoutGil());
  m.def("bag_products", &bag_products<T>, out, grad, table, indices, starts, padding, WithoutGil());
}

}  // namespace

void bind_embedding(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight
