// Sums and means of small arrays, in the order in which NumPy adds.

#define NO_IMPORT_ARRAY
#include "call_path/reduced.hpp"
#include "call_path/shortcuts.hpp"

namespace penlight {
namespace {

// NumPy's pairwise sum: eight sums side by side in a block, and blocks by halves.
template <typename T>
T pairwise_sum(const T* values, npy_intp n) {
  constexpr npy_intp kLanes = 8, kBlock = 128;
  if (n > kBlock) {
    const npy_intp half = n / 2 / kLanes * kLanes;
    return pairwise_sum(values, half) + pairwise_sum(values + half, n - half);
  }
  T sum = 0;
  npy_intp i = 0;
  if (n >= kLanes) {
    T r[kLanes];
    for (; i < kLanes; ++i) r[i] = values[i];
    for (; i + kLanes <= n; i += kLanes) {
      for (npy_intp lane = 0; lane < kLanes; ++lane) r[lane] += values[i + lane];
    }
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (; i < n; ++i) sum += values[i];
  return sum;
}

// Divides by `count` too. The sign of zero and of NaN is left to NumPy: false where one comes out.
template <typename T>
bool add_rows(PyObject* out, PyArrayObject* input, const Rows& rows, T count) {
  for (npy_intp o = 0; o < rows.outer; ++o) {
    const T sum = pairwise_sum(data_of<const T>(input) + o * rows.length, rows.length);
    if (sum == 0 || sum != sum) return false;
    data_of<T>(out)[o] = sum / count;
  }
  return true;
}

// Only rows of neighbours are added pairwise; other dimensions are left to NumPy.
PyObject* add(PyArrayObject* input, const Reduced& reduced, bool mean) {
  const Rows& rows = reduced.rows;
  const int type = PyArray_TYPE(input);
  if (rows.inner != 1 || (type != NPY_FLOAT && type != NPY_DOUBLE)) return nullptr;
  PyObject* out = new_array(PyArray_DESCR(input), reduced.ndim, reduced.dims);
  if (out == nullptr) return nullptr;
  const npy_intp count = mean ? rows.length : 1;
  const bool done = type == NPY_FLOAT
                        ? add_rows<float>(out, input, rows, static_cast<float>(count))
                        : add_rows<double>(out, input, rows, static_cast<double>(count));
  if (done) return out;
  Py_DECREF(out);
  return nullptr;
}

// f(input)
template <bool kMean>
PyObject* of_all(PyObject* const* args) {
  PyArrayObject* input = small_array(args[0]);
  Reduced reduced;
  if (input == nullptr || !reduced.read(input, Py_None, Py_False)) return nullptr;
  return add(input, reduced, kMean);
}

// f(input, dim, keepdim)
template <bool kMean>
PyObject* of_rows(PyObject* const* args) {
  PyArrayObject* input = small_array(args[0]);
  Reduced reduced;
  if (input == nullptr || !reduced.read(input, args[1], args[2])) return nullptr;
  return add(input, reduced, kMean);
}

}  // namespace

const NamedShortcut kSumShortcuts[] = {{"_sum_all", of_all<false>},
                                       {"_sum_dim", of_rows<false>},
                                       {"_mean_all", of_all<true>},
                                       {"_mean_dim", of_rows<true>},
                                       {nullptr, nullptr}};

}  // namespace penlight
