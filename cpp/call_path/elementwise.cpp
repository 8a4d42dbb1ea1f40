#define NO_IMPORT_ARRAY
#include "call_path/elementwise.hpp"

#include <cstdint>

namespace penlight {
namespace {

// Beyond, NumPy's own loops, wider than these, are worth the way to them.
constexpr npy_intp kMostElements = 4096;

// A number or an array, as a loop reads it: `step` is 0 for a number.
template <typename T>
struct Operand {
  const T* data;
  npy_intp step;
};

bool is_plain(PyArrayObject* array) {
  constexpr int kWanted = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;
  return (PyArray_FLAGS(array) & kWanted) == kWanted && PyArray_ISNOTSWAPPED(array);
}

// Reads a Python number as NumPy's rule of weak numbers does; false for any other object.
bool read_number(PyObject* object, double* value) {
  if (PyFloat_CheckExact(object)) {
    *value = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (!PyLong_CheckExact(object)) return false;
  int overflow = 0;
  const long long whole = PyLong_AsLongLongAndOverflow(object, &overflow);
  constexpr long long kExact = 1LL << 53;
  if (overflow != 0 || whole > kExact || whole < -kExact) return false;
  *value = static_cast<double>(whole);
  return true;
}

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

template <typename T>
void run(Arithmetic which, T* out, Operand<T> a, Operand<T> b, npy_intp n) {
  switch (which) {
    case Arithmetic::kAdd:
      return loop(out, a, b, n, [](T x, T y) { return x + y; });
    case Arithmetic::kSubtract:
      return loop(out, a, b, n, [](T x, T y) { return x - y; });
    case Arithmetic::kMultiply:
      return loop(out, a, b, n, [](T x, T y) { return x * y; });
    case Arithmetic::kDivide:
      return loop(out, a, b, n, [](T x, T y) { return x / y; });
    case Arithmetic::kNone:
      return;
  }
}

// `shaped` gives the result its shape; each operand is an array of that shape, a 0-d array or a
// number (then `value` holds it).
template <typename T>
PyObject* compute(Arithmetic which, PyArrayObject* shaped, PyObject* const operands[2],
                  const double values[2]) {
  T numbers[2] = {static_cast<T>(values[0]), static_cast<T>(values[1])};
  Operand<T> read[2];
  for (int i = 0; i < 2; ++i) {
    read[i] = {&numbers[i], 0};
    if (!PyArray_Check(operands[i])) continue;
    PyArrayObject* array = as_array(operands[i]);
    read[i] = {static_cast<const T*>(PyArray_DATA(array)), PyArray_NDIM(array) > 0 ? 1 : 0};
  }
  PyArray_Descr* descr = PyArray_DESCR(shaped);
  Py_INCREF(descr);
  PyObject* out = PyArray_NewFromDescr(&PyArray_Type, descr, PyArray_NDIM(shaped),
                                       PyArray_DIMS(shaped), nullptr, nullptr, 0, nullptr);
  if (out == nullptr) return nullptr;
  run(which, static_cast<T*>(PyArray_DATA(as_array(out))), read[0], read[1], PyArray_SIZE(shaped));
  return out;
}

}  // namespace

PyObject* small_arithmetic(Arithmetic which, PyObject* first, PyObject* second) {
  PyObject* const operands[2] = {first, second};
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
      return compute<float>(which, shaped, operands, values);
    case NPY_DOUBLE:
      return compute<double>(which, shaped, operands, values);
    default:
      return nullptr;
  }
}

}  // namespace penlight
