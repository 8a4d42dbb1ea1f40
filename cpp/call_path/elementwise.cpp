// Arithmetic of two operands, without NumPy's search for a loop.

#define NO_IMPORT_ARRAY
#include "call_path/shortcuts.hpp"
#include "call_path/small_arrays.hpp"

namespace penlight {
namespace {

// A number or an array, as a loop reads it: `step` is 0 for a number.
template <typename T>
struct Operand {
  const T* data;
  npy_intp step;
};

struct Add {
  template <typename T>
  T operator()(T x, T y) const {
    return x + y;
  }
};

struct Subtract {
  template <typename T>
  T operator()(T x, T y) const {
    return x - y;
  }
};

struct Multiply {
  template <typename T>
  T operator()(T x, T y) const {
    return x * y;
  }
};

struct Divide {
  template <typename T>
  T operator()(T x, T y) const {
    return x / y;
  }
};

template <typename T, typename F>
void loop(T* out, Operand<T> a, Operand<T> b, npy_intp n, F f) {
  if (a.step == 0) {
    const T value = *a.data;
    for (npy_intp i = 0; i < n; ++i) out[i] = f(value, b.data[i]);
  } else if (b.step == 0) {
    const T value = *b.data;
    for (npy_intp i = 0; i < n; ++i) out[i] = f(a.data[i], value);
  } else {
    for (npy_intp i = 0; i < n; ++i) out[i] = f(a.data[i], b.data[i]);
  }
}

// `shaped` gives the result its shape; each operand is an array of that shape, a 0-d array or a
// number (then `value` holds it).
template <typename T, typename F>
PyObject* compute(F f, PyArrayObject* shaped, PyObject* const* operands, const double values[2]) {
  T numbers[2] = {static_cast<T>(values[0]), static_cast<T>(values[1])};
  Operand<T> read[2];
  for (int i = 0; i < 2; ++i) {
    read[i] = {&numbers[i], 0};
    if (!PyArray_Check(operands[i])) continue;
    PyArrayObject* array = as_array(operands[i]);
    read[i] = {static_cast<const T*>(PyArray_DATA(array)), PyArray_NDIM(array) > 0 ? 1 : 0};
  }
  PyObject* out = new_array_like(shaped);
  if (out != nullptr) loop(data_of<T>(out), read[0], read[1], PyArray_SIZE(shaped), f);
  return out;
}

// Takes a float32 or float64 array of few elements with another of its shape, or with a Python
// number or a 0-d array, in either order.
template <typename F>
PyObject* arithmetic(PyObject* const* operands) {
  double values[2] = {0, 0};
  PyArrayObject* shaped = nullptr;
  for (int i = 0; i < 2; ++i) {
    if (!PyArray_CheckExact(operands[i])) {
      if (!read_number(operands[i], &values[i])) return nullptr;
      continue;
    }
    PyArrayObject* array = as_array(operands[i]);
    if (!is_plain(array)) return nullptr;
    if (shaped != nullptr && PyArray_TYPE(array) != PyArray_TYPE(shaped)) return nullptr;
    if (shaped == nullptr || PyArray_NDIM(shaped) == 0) {
      shaped = array;
    } else if (PyArray_NDIM(array) != 0 && !same_shape(shaped, array)) {
      return nullptr;
    }
  }
  if (shaped == nullptr || PyArray_SIZE(shaped) > kMostElements) return nullptr;
  switch (PyArray_TYPE(shaped)) {
    case NPY_FLOAT:
      return compute<float>(F(), shaped, operands, values);
    case NPY_DOUBLE:
      return compute<double>(F(), shaped, operands, values);
    default:
      return nullptr;
  }
}

}  // namespace

const NamedShortcut kElementwiseShortcuts[] = {{"add", arithmetic<Add>},
                                               {"sub", arithmetic<Subtract>},
                                               {"mul", arithmetic<Multiply>},
                                               {"div", arithmetic<Divide>},
                                               {nullptr, nullptr}};

}  // namespace penlight
