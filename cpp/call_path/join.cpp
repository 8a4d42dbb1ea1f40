// Joining a few small arrays, along a dimension or along a new one.

#define NO_IMPORT_ARRAY
#include <cstring>

#include "call_path/shortcuts.hpp"
#include "call_path/small_arrays.hpp"

namespace penlight {
namespace {

// How the arrays stand in the result: each gives `outer` pieces, which lie there in turn.
struct Plan {
  PyObject* arrays;  // a list
  npy_intp dims[NPY_MAXDIMS];
  int ndim;
  npy_intp outer = 1;
};

PyArrayObject* item(PyObject* arrays, Py_ssize_t i) { return as_array(PyList_GET_ITEM(arrays, i)); }

// Whether there are arrays, all of them small, of one dtype and of one number of dimensions.
bool are_alike(PyObject* arrays) {
  npy_intp size = 0;
  const Py_ssize_t count = PyList_GET_SIZE(arrays);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyArrayObject* array = small_array(PyList_GET_ITEM(arrays, i));
    if (array == nullptr || PyDataType_REFCHK(PyArray_DESCR(array))) return false;
    if (PyArray_DESCR(array) != PyArray_DESCR(item(arrays, 0))) return false;
    if (PyArray_NDIM(array) != PyArray_NDIM(item(arrays, 0))) return false;
    size += PyArray_SIZE(array);
  }
  return count > 0 && size <= kMostElements;
}

PyObject* join(const Plan& plan) {
  const Py_ssize_t count = PyList_GET_SIZE(plan.arrays);
  PyObject* out = new_array(PyArray_DESCR(item(plan.arrays, 0)), plan.ndim, plan.dims);
  if (out == nullptr) return nullptr;
  char* to = data_of<char>(out);
  for (npy_intp piece = 0; piece < plan.outer; ++piece) {
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyArrayObject* array = item(plan.arrays, i);
      const npy_intp bytes = PyArray_NBYTES(array) / plan.outer;
      std::memcpy(to, PyArray_BYTES(array) + piece * bytes, bytes);
      to += bytes;
    }
  }
  return out;
}

// cat(arrays, dim)
PyObject* cat(PyObject* const* args) {
  Plan plan;
  plan.arrays = args[0];
  if (!are_alike(plan.arrays)) return nullptr;
  PyArrayObject* first = item(plan.arrays, 0);
  plan.ndim = PyArray_NDIM(first);
  int dim;
  if (plan.ndim == 0 || !read_dim(args[1], plan.ndim, &dim)) return nullptr;
  std::memcpy(plan.dims, PyArray_DIMS(first), sizeof(npy_intp) * plan.ndim);
  for (Py_ssize_t i = 1; i < PyList_GET_SIZE(plan.arrays); ++i) {
    const npy_intp* dims = PyArray_DIMS(item(plan.arrays, i));
    for (int d = 0; d < plan.ndim; ++d) {
      if (d != dim && dims[d] != plan.dims[d]) return nullptr;
    }
    plan.dims[dim] += dims[dim];
  }
  for (int d = 0; d < dim; ++d) plan.outer *= plan.dims[d];
  return join(plan);
}

// stack(arrays, dim)
PyObject* stack(PyObject* const* args) {
  Plan plan;
  plan.arrays = args[0];
  if (!are_alike(plan.arrays)) return nullptr;
  PyArrayObject* first = item(plan.arrays, 0);
  plan.ndim = PyArray_NDIM(first) + 1;
  int dim;
  if (plan.ndim > NPY_MAXDIMS || !read_dim(args[1], plan.ndim, &dim)) return nullptr;
  for (Py_ssize_t i = 1; i < PyList_GET_SIZE(plan.arrays); ++i) {
    if (!same_shape(first, item(plan.arrays, i))) return nullptr;
  }
  for (int d = 0; d < plan.ndim - 1; ++d) plan.dims[d < dim ? d : d + 1] = PyArray_DIM(first, d);
  plan.dims[dim] = PyList_GET_SIZE(plan.arrays);
  for (int d = 0; d < dim; ++d) plan.outer *= plan.dims[d];
  return join(plan);
}

}  // namespace

const NamedShortcut kJoinShortcuts[] = {{"cat", cat}, {"stack", stack}, {nullptr, nullptr}};

}  // namespace penlight
