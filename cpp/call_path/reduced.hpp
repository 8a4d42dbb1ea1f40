// Small arrays along one of their dimensions, and the shape that is left without it.
#pragma once

#include "call_path/small_arrays.hpp"

namespace penlight {

// An array as (outer, length, inner), `length` being the dimension's.
struct Rows {
  npy_intp outer = 1, length, inner = 1;
};

inline Rows rows_of(PyArrayObject* array, int dim) {
  Rows rows;
  rows.length = PyArray_DIM(array, dim);
  for (int d = 0; d < dim; ++d) rows.outer *= PyArray_DIM(array, d);
  for (int d = dim + 1; d < PyArray_NDIM(array); ++d) rows.inner *= PyArray_DIM(array, d);
  return rows;
}

// Where the result's dimensions come from; false where `dim` or `keepdim` is none the path knows.
struct Reduced {
  Rows rows;
  npy_intp dims[NPY_MAXDIMS];
  int ndim = 0;

  bool read(PyArrayObject* input, PyObject* given_dim, PyObject* keepdim) {
    if (!PyBool_Check(keepdim)) return false;
    int dim = -1;  // all of them
    if (given_dim == Py_None) {
      rows.length = PyArray_SIZE(input);
    } else if (read_dim(given_dim, PyArray_NDIM(input), &dim)) {
      rows = rows_of(input, dim);
    } else {
      return false;
    }
    for (int d = 0; d < PyArray_NDIM(input); ++d) {
      const bool gone = dim < 0 || d == dim;
      if (!gone || keepdim == Py_True) dims[ndim++] = gone ? 1 : PyArray_DIM(input, d);
    }
    return true;
  }
};

}  // namespace penlight
