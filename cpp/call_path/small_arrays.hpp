// Arrays that a shortcut reads and makes.
#pragma once

#include "call_path/objects.hpp"

namespace penlight {

// Beyond, what a shortcut saves is little beside the work, and that is better done without the GIL.
constexpr npy_intp kMostElements = 4096;

// Row by row, aligned, in the machine's byte order: what kernels read through a pointer.
inline bool is_plain(PyArrayObject* array) {
  constexpr int kWanted = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;
  return (PyArray_FLAGS(array) & kWanted) == kWanted && PyArray_ISNOTSWAPPED(array);
}

// Whether one number stands in every place, as in the gradient that a sum gives.
inline bool is_one_number(PyArrayObject* array) {
  if (PyArray_NDIM(array) == 0) return true;
  if (PyArray_IS_C_CONTIGUOUS(array)) return false;
  for (int d = 0; d < PyArray_NDIM(array); ++d) {
    if (PyArray_STRIDE(array, d) != 0) return false;
  }
  return true;
}

// The object as a plain array of few elements, at least one; null for any other object.
inline PyArrayObject* small_array(PyObject* object) {
  if (!PyArray_CheckExact(object)) return nullptr;
  PyArrayObject* array = as_array(object);
  const npy_intp size = PyArray_SIZE(array);
  return size > 0 && size <= kMostElements && is_plain(array) ? array : nullptr;
}

// A new array, its elements unset; null with an exception.
inline PyObject* new_array(PyArray_Descr* dtype, int ndim, const npy_intp* dims) {
  Py_INCREF(dtype);
  return PyArray_NewFromDescr(&PyArray_Type, dtype, ndim, dims, nullptr, nullptr, 0, nullptr);
}

inline PyObject* new_array_like(PyArrayObject* array) {
  return new_array(PyArray_DESCR(array), PyArray_NDIM(array), PyArray_DIMS(array));
}

template <typename T>
T* data_of(PyArrayObject* array) {
  return static_cast<T*>(PyArray_DATA(array));
}

template <typename T>
T* data_of(PyObject* array) {
  return data_of<T>(as_array(array));
}

// Reads a Python number as NumPy's rule of weak numbers does; false for any other object.
inline bool read_number(PyObject* object, double* value) {
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

// Reads an int that fits; false for any other object.
inline bool read_size(PyObject* object, Py_ssize_t* value) {
  if (!PyLong_CheckExact(object)) return false;
  int overflow = 0;
  *value = PyLong_AsLongLongAndOverflow(object, &overflow);
  return overflow == 0;
}

// Reads a dimension, counted from 0 or from the end; false for what is none of `ndim` dimensions.
inline bool read_dim(PyObject* object, int ndim, int* dim) {
  if (!PyLong_CheckExact(object)) return false;
  int overflow = 0;
  const long long given = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow != 0 || given < -ndim || given >= ndim) return false;
  *dim = static_cast<int>(given < 0 ? given + ndim : given);
  return true;
}

}  // namespace penlight
