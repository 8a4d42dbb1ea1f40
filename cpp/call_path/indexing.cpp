// What one tensor of indices chooses: x[i], x[:, i].
#define NO_IMPORT_ARRAY
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "call_path/objects.hpp"
#include "call_path/shortcuts.hpp"
#include "call_path/small_arrays.hpp"

namespace penlight {
namespace {

// The tensor of indices in a list that has one, in its last place; null otherwise.
PyArrayObject* only_indices(PyObject* list) {
  const Py_ssize_t last = PyList_GET_SIZE(list) - 1;
  for (Py_ssize_t i = 0; i < last; ++i) {
    if (PyList_GET_ITEM(list, i) != Py_None) return nullptr;
  }
  PyArrayObject* indices = last < 0 ? nullptr : small_array(PyList_GET_ITEM(list, last));
  return indices != nullptr && PyArray_TYPE(indices) == NPY_INT64 ? indices : nullptr;
}

// How an array is gone through: `outer` times `rows` blocks of `bytes`.
struct Blocks {
  npy_intp outer = 1, rows = 0;
  size_t bytes = 0;
};

// Copies chosen blocks; false where an index is out of range.
bool copy(const Blocks& blocks, const char* from, PyArrayObject* indices, char* to) {
  const auto* places = static_cast<const int64_t*>(PyArray_DATA(indices));
  const npy_intp count = PyArray_SIZE(indices);
  for (npy_intp o = 0; o < blocks.outer; ++o, from += blocks.rows * blocks.bytes) {
    for (npy_intp i = 0; i < count; ++i, to += blocks.bytes) {
      const int64_t place = places[i] < 0 ? places[i] + blocks.rows : places[i];
      if (place < 0 || place >= blocks.rows) return false;
      std::memcpy(to, from + place * blocks.bytes, blocks.bytes);
    }
  }
  return true;
}

// _index(input, [None, …, indices])
PyObject* index(PyObject* const* args) {
  PyArrayObject* input = as_array(args[0]);
  PyArrayObject* indices = only_indices(args[1]);
  if (indices == nullptr || !is_plain(input) || PyDataType_REFCHK(PyArray_DESCR(input))) {
    return nullptr;
  }
  const int place = static_cast<int>(PyList_GET_SIZE(args[1])) - 1;
  const int own = PyArray_NDIM(indices), after = PyArray_NDIM(input) - place - 1;
  const npy_intp count = PyArray_SIZE(indices);
  if (after < 0 || PyArray_SIZE(input) == 0 || place + own + after > NPY_MAXDIMS) return nullptr;
  npy_intp dims[NPY_MAXDIMS];
  const npy_intp* lengths = PyArray_DIMS(input);
  std::copy_n(lengths, place, dims);
  std::copy_n(PyArray_DIMS(indices), own, dims + place);
  std::copy_n(lengths + place + 1, after, dims + place + own);
  Blocks blocks;
  for (int i = 0; i < place; ++i) blocks.outer *= lengths[i];
  blocks.rows = lengths[place];
  const npy_intp width = PyArray_SIZE(input) / (blocks.outer * blocks.rows);
  if (PyArray_SIZE(input) / blocks.rows > kMostElements / count) return nullptr;
  blocks.bytes = static_cast<size_t>(width * PyArray_ITEMSIZE(input));
  Ref out(new_array(PyArray_DESCR(input), place + own + after, dims));
  if (!out) return nullptr;
  const bool inside = copy(blocks, static_cast<const char*>(PyArray_DATA(input)), indices,
                           static_cast<char*>(PyArray_DATA(as_array(out.get()))));
  return inside ? out.release() : nullptr;
}

}  // namespace

const NamedShortcut kIndexShortcuts[] = {{"_index", index}, {nullptr, nullptr}};

}  // namespace penlight
