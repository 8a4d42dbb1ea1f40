// Arguments of the bindings: C-contiguous arrays of one dtype on the CPU, and the checks that stand
// between Python and raw pointers.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>

namespace penlight {

namespace nb = nanobind;

template <typename T>
using Out = nb::ndarray<T, nb::c_contig, nb::device::cpu>;
template <typename T>
using In = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;
template <typename T>
using MaybeOut = std::optional<Out<T>>;
template <typename T>
using MaybeIn = std::optional<In<T>>;

template <typename A>
auto data_or_null(const std::optional<A>& array) {
  return array ? array->data() : nullptr;
}

// Throws std::invalid_argument, a ValueError in Python, unless the array has that shape.
template <typename A>
void check_shape(const char* name, const A& array, const int64_t* expected, size_t ndim) {
  bool same = array.ndim() == ndim;
  for (size_t i = 0; same && i < ndim; ++i) {
    same = static_cast<int64_t>(array.shape(i)) == expected[i];
  }
  if (same) return;
  const auto add = [](std::string& text, int64_t size) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  };
  std::string want = "(", got = "(";
  for (size_t i = 0; i < ndim; ++i) add(want, expected[i]);
  for (size_t i = 0; i < array.ndim(); ++i) add(got, static_cast<int64_t>(array.shape(i)));
  throw std::invalid_argument(std::string(name) + ": expected shape " + want + "), got " + got +
                              ")");
}

template <typename A>
void check_shape(const char* name, const A& array, std::initializer_list<int64_t> expected) {
  check_shape(name, array, expected.begin(), expected.size());
}

template <typename A, typename B>
void check_same_shape(const char* name, const A& array, const B& like) {
  check_shape(name, array, like.shape_ptr(), like.ndim());
}

template <typename A>
void check_shape(const char* name, const std::optional<A>& array,
                 std::initializer_list<int64_t> expected) {
  if (array) check_shape(name, *array, expected);
}

// The size of a dimension of an array that must have `ndim` of them.
template <typename A>
int64_t size_of(const char* name, const A& array, size_t ndim, size_t dim) {
  if (array.ndim() != ndim) {
    throw std::invalid_argument(std::string(name) + ": expected " + std::to_string(ndim) +
                                " dimensions, got " + std::to_string(array.ndim()));
  }
  return static_cast<int64_t>(array.shape(dim));
}

// Every kernel runs without the GIL; no argument is converted, as that would lose what is written.
using WithoutGil = nb::call_guard<nb::gil_scoped_release>;

void bind_checksum(nb::module_& m);
void bind_cross_entropy(nb::module_& m);
void bind_embedding(nb::module_& m);
void bind_matmul(nb::module_& m);
void bind_normalization(nb::module_& m);
void bind_memory(nb::module_& m);
void bind_pointwise(nb::module_& m);
void bind_optimizer(nb::module_& m);
void bind_random(nb::module_& m);
void bind_recurrent(nb::module_& m);
void bind_softmax(nb::module_& m);
void bind_sums(nb::module_& m);
void bind_text(nb::module_& m);
void bind_windows(nb::module_& m);
void bind_word2vec(nb::module_& m);

}  // namespace penlight
