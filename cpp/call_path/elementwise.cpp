// Arithmetic of two operands, without NumPy's search for a loop, and of many elements on several
// threads, where NumPy has one.

#define NO_IMPORT_ARRAY
#include "call_path/call_path.hpp"
#include "call_path/shortcuts.hpp"
#include "call_path/small_arrays.hpp"
#include "kernels/table.hpp"
#include "support/parallel.hpp"

namespace penlight {
namespace {

// From here on a second thread is worth waking.
constexpr npy_intp kThreadedElements = 65536;

template <typename T>
using Kernel = void (*PointwiseKernels<T>::*)(T*, const T*, const T*, int64_t, One);

#define PENLIGHT_OPERATION(name, symbol)                             \
  struct name##_of {                                                 \
    template <typename T>                                            \
    static constexpr Kernel<T> kKernel = &PointwiseKernels<T>::name; \
    template <typename T>                                            \
    T operator()(T x, T y) const {                                   \
      return x symbol y;                                             \
    }                                                                \
  };

PENLIGHT_ARITHMETIC(PENLIGHT_OPERATION)

#undef PENLIGHT_OPERATION

// Two operands: float32 or float64 arrays of one dtype, or Python numbers.
struct Operands {
  PyObject* given[2];
  double numbers[2] = {0, 0};
  bool is_one[2] = {true, true};    // whether it is one number for every element
  PyArrayObject* shaped = nullptr;  // has the shape of the result, row by row

  // False for what is left to NumPy.
  bool read(PyObject* input, PyObject* other) {
    given[0] = input;
    given[1] = other;
    for (int i = 0; i < 2; ++i) {
      if (PyArray_CheckExact(given[i]) ? !read_array(i) : !read_number(given[i], &numbers[i])) {
        return false;
      }
    }
    return shaped != nullptr && is_plain(shaped);
  }

 private:
  bool read_array(int i) {
    PyArrayObject* array = as_array(given[i]);
    const int type = PyArray_TYPE(array);
    if (type != NPY_FLOAT && type != NPY_DOUBLE) return false;
    if (shaped != nullptr && type != PyArray_TYPE(shaped)) return false;
    const bool plain = is_plain(array);
    if (!plain && !is_expanded(array)) return false;
    is_one[i] = !plain || PyArray_NDIM(array) == 0;
    if (shaped == nullptr || PyArray_NDIM(shaped) == 0) {
      shaped = array;
    } else if (PyArray_NDIM(array) != 0) {
      if (!same_shape(shaped, array)) return false;
      if (plain) shaped = array;
    }
    return true;
  }

  // A gradient that a sum gives.
  static bool is_expanded(PyArrayObject* array) {
    return PyArray_SIZE(array) > 0 && PyArray_ISALIGNED(array) && PyArray_ISNOTSWAPPED(array) &&
           is_one_number(array);
  }
};

bool is_worth_threads(npy_intp n) { return n >= kThreadedElements && get_num_threads() > 1; }

// Many elements, without the GIL: others may drop the operands meanwhile.
template <typename T, typename F>
void compute_many(T* out, const T* const data[2], const Operands& operands, npy_intp n) {
  const One one = operands.is_one[0] ? One::kInput : operands.is_one[1] ? One::kOther : One::kNone;
  const Ref input = Ref::borrowed(operands.given[0]), other = Ref::borrowed(operands.given[1]);
  Py_BEGIN_ALLOW_THREADS;
  (kernels().pointwise->get<T>().*F::template kKernel<T>)(out, data[0], data[1], n, one);
  Py_END_ALLOW_THREADS;
}

template <typename T, typename F>
void compute(T* out, const Operands& operands, npy_intp n) {
  const T numbers[2] = {static_cast<T>(operands.numbers[0]), static_cast<T>(operands.numbers[1])};
  const T* data[2];
  for (int i = 0; i < 2; ++i) {
    const bool is_array = PyArray_CheckExact(operands.given[i]);
    data[i] = is_array ? data_of<const T>(operands.given[i]) : &numbers[i];
  }
  if (n > kMostElements) {
    compute_many<T, F>(out, data, operands, n);
  } else if (operands.is_one[0]) {
    const T value = *data[0];
    for (npy_intp i = 0; i < n; ++i) out[i] = F()(value, data[1][i]);
  } else if (operands.is_one[1]) {
    const T value = *data[1];
    for (npy_intp i = 0; i < n; ++i) out[i] = F()(data[0][i], value);
  } else {
    for (npy_intp i = 0; i < n; ++i) out[i] = F()(data[0][i], data[1][i]);
  }
}

template <typename F>
void compute(PyArrayObject* out, const Operands& operands) {
  PyArray_TYPE(out) == NPY_FLOAT
      ? compute<float, F>(data_of<float>(out), operands, PyArray_SIZE(out))
      : compute<double, F>(data_of<double>(out), operands, PyArray_SIZE(out));
}

// Takes an array with another of its shape, or with a Python number, a 0-d array or one number in
// every place, in either order.
template <typename F>
PyObject* arithmetic(PyObject* input, PyObject* other) {
  Operands operands;
  if (!operands.read(input, other)) return nullptr;
  const npy_intp n = PyArray_SIZE(operands.shaped);
  if (n > kMostElements && !is_worth_threads(n)) return nullptr;
  PyObject* out = new_array_like(operands.shaped);
  if (out != nullptr) compute<F>(as_array(out), operands);
  return out;
}

// f(input, other)
template <typename F>
PyObject* forward(PyObject* const* args) {
  return arithmetic<F>(args[0], args[1]);
}

// f(other, input)
template <typename F>
PyObject* reversed(PyObject* const* args) {
  return arithmetic<F>(args[1], args[0]);
}

// Whether an operand shares memory with what is written without being it.
bool overlaps(PyArrayObject* target, PyObject* operand) {
  if (!PyArray_CheckExact(operand)) return false;
  const char *to = PyArray_BYTES(target), *from = PyArray_BYTES(as_array(operand));
  const npy_intp size = PyArray_NBYTES(target);
  return from != to && from < to + size && to < from + size;
}

// f_into(target, other) -> whether it wrote target = f(target, other); if not, NumPy does.
template <typename F>
PyObject* write_into(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count != 2) return PyErr_Format(PyExc_TypeError, "expected 2 arguments, got %zd", count);
  Operands operands;
  if (!PyArray_CheckExact(args[0]) || !operands.read(args[0], args[1])) Py_RETURN_FALSE;
  PyArrayObject* target = as_array(args[0]);
  const npy_intp n = PyArray_SIZE(target);
  const bool fits = is_plain(target) && same_shape(target, operands.shaped) &&
                    PyArray_ISWRITEABLE(target) && !overlaps(target, args[1]) &&
                    (n <= kMostElements || is_worth_threads(n));
  if (!fits) Py_RETURN_FALSE;
  compute<F>(target, operands);
  Py_RETURN_TRUE;
}

#define PENLIGHT_DEFINITION(name, symbol)                                              \
  {#name "_into",                                                                      \
   reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(write_into<name##_of>)), \
   METH_FASTCALL, nullptr},

PyMethodDef definitions[] = {PENLIGHT_ARITHMETIC(PENLIGHT_DEFINITION)};

}  // namespace

const NamedShortcut kElementwiseShortcuts[] = {{"add", forward<add_of>},
                                               {"sub", forward<sub_of>},
                                               {"mul", forward<mul_of>},
                                               {"div", forward<div_of>},
                                               {"_rsub_tensor", reversed<sub_of>},
                                               {"_rsub_number", reversed<sub_of>},
                                               {nullptr, nullptr}};

bool add_elementwise(PyObject* module) {
  for (PyMethodDef& definition : definitions) {
    const Ref function(PyCFunction_NewEx(&definition, nullptr, nullptr));
    if (!function || PyModule_AddObjectRef(module, definition.ml_name, function.get()) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace penlight
