// Products of small matrices by their kernel, turned ones where they stand.

#define NO_IMPORT_ARRAY
#include "call_path/shortcuts.hpp"
#include "call_path/small_arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

// Multiply-adds beyond which the way to the kernel is little beside the work.
constexpr npy_intp kMostWork = 1 << 15;

// Any strides will do, if they lead from element to element; null for any other object.
PyArrayObject* matrix(PyObject* object) {
  if (!PyArray_CheckExact(object)) return nullptr;
  PyArrayObject* array = as_array(object);
  if (PyArray_NDIM(array) != 2 || PyArray_SIZE(array) == 0) return nullptr;
  if (!PyArray_ISALIGNED(array) || !PyArray_ISNOTSWAPPED(array)) return nullptr;
  const npy_intp bytes = PyArray_ITEMSIZE(array);
  const bool whole = PyArray_STRIDE(array, 0) % bytes == 0 && PyArray_STRIDE(array, 1) % bytes == 0;
  return whole ? array : nullptr;
}

// A row-by-row matrix has the strides of its shape, whatever stands for a dimension of length one:
// the bindings read it so.
template <typename T>
Matrix<T> read(PyArrayObject* array) {
  constexpr npy_intp kBytes = sizeof(T);
  if (PyArray_IS_C_CONTIGUOUS(array)) return {data_of<T>(array), PyArray_DIM(array, 1), 1};
  return {data_of<T>(array), PyArray_STRIDE(array, 0) / kBytes, PyArray_STRIDE(array, 1) / kBytes};
}

template <typename T>
PyObject* compute(PyArrayObject* a, PyArrayObject* b, PyArrayObject* bias) {
  const npy_intp dims[] = {PyArray_DIM(a, 0), PyArray_DIM(b, 1)};
  PyObject* out = new_array(PyArray_DESCR(a), 2, dims);
  if (out == nullptr) return nullptr;
  const T* row = bias == nullptr ? nullptr : data_of<T>(bias);
  kernels().matmul->get<T>().matmul(data_of<T>(out), read<T>(a), read<T>(b), row, dims[0], dims[1],
                                    PyArray_DIM(a, 1));
  return out;
}

PyObject* product(PyObject* first, PyObject* second, PyArrayObject* bias) {
  PyArrayObject *a = matrix(first), *b = matrix(second);
  if (a == nullptr || b == nullptr || PyArray_DESCR(a) != PyArray_DESCR(b)) return nullptr;
  if (PyArray_DIM(a, 1) != PyArray_DIM(b, 0)) return nullptr;
  if (PyArray_SIZE(a) > kMostWork / PyArray_DIM(b, 1)) return nullptr;
  if (bias != nullptr) {
    if (PyArray_DESCR(bias) != PyArray_DESCR(a) || PyArray_NDIM(bias) != 1) return nullptr;
    if (PyArray_DIM(bias, 0) != PyArray_DIM(b, 1)) return nullptr;
  }
  switch (PyArray_TYPE(a)) {
    case NPY_FLOAT:
      return compute<float>(a, b, bias);
    case NPY_DOUBLE:
      return compute<double>(a, b, bias);
    default:
      return nullptr;
  }
}

// mm(input, mat2)
PyObject* mm(PyObject* const* args) { return product(args[0], args[1], nullptr); }

bool is_one(PyObject* number) {
  double value;
  return read_number(number, &value) && value == 1;
}

// addmm(input, mat1, mat2, beta, alpha)
PyObject* addmm(PyObject* const* args) {
  PyArrayObject* bias = small_array(args[0]);
  if (bias == nullptr || !is_one(args[3]) || !is_one(args[4])) return nullptr;
  return product(args[1], args[2], bias);
}

}  // namespace

const NamedShortcut kProductShortcuts[] = {{"mm", mm}, {"addmm", addmm}, {nullptr, nullptr}};

}  // namespace penlight
