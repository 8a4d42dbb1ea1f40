// The arrays of views: lengths and steps are worked out here, without NumPy's arguments.
#define NO_IMPORT_ARRAY
#include <algorithm>

#include "call_path/objects.hpp"
#include "call_path/shortcuts.hpp"
#include "call_path/small_arrays.hpp"

namespace penlight {
namespace {

constexpr int kMostDims = 32;

// The lengths and steps of a view, and where it begins.
struct Look {
  int ndim = 0;
  npy_intp lengths[kMostDims];
  npy_intp steps[kMostDims];
  char* begin = nullptr;

  explicit Look(PyArrayObject* input)
      : ndim(PyArray_NDIM(input)), begin(static_cast<char*>(PyArray_DATA(input))) {
    std::copy_n(PyArray_DIMS(input), ndim, lengths);
    std::copy_n(PyArray_STRIDES(input), ndim, steps);
  }

  void remove(int place) {
    --ndim;
    std::copy(lengths + place + 1, lengths + ndim + 1, lengths + place);
    std::copy(steps + place + 1, steps + ndim + 1, steps + place);
  }

  // Steps of a row-major array, as NumPy counts them where a length is 0.
  void make_contiguous(npy_intp width) {
    for (int i = ndim - 1; i >= 0; --i) {
      steps[i] = width;
      if (lengths[i] != 0) width *= lengths[i];
    }
  }
};

// The lengths in `shape`, -1 worked out.
bool reshape(Look* look, PyArrayObject* input, PyObject* const* args) {
  PyObject* shape = args[0];
  if (!PyTuple_CheckExact(shape) || !PyArray_IS_C_CONTIGUOUS(input)) return false;
  const Py_ssize_t ndim = PyTuple_GET_SIZE(shape);
  if (ndim > kMostDims) return false;
  npy_intp known = 1;
  int unknown = -1;
  for (int i = 0; i < ndim; ++i) {
    Py_ssize_t length;
    if (!read_size(PyTuple_GET_ITEM(shape, i), &length) || length < -1) return false;
    if (length == -1) {
      if (unknown >= 0) return false;
      unknown = i;
    } else if (__builtin_mul_overflow(known, length, &known)) {
      return false;
    }
    look->lengths[i] = length;
  }
  const npy_intp count = PyArray_SIZE(input);
  if (unknown >= 0) {
    if (known == 0 || count % known != 0) return false;
    look->lengths[unknown] = count / known;
  } else if (known != count) {
    return false;
  }
  const bool same =
      ndim == look->ndim && std::equal(look->lengths, look->lengths + ndim, PyArray_DIMS(input));
  look->ndim = static_cast<int>(ndim);
  if (!same) look->make_contiguous(PyArray_ITEMSIZE(input));
  return true;
}

bool unsqueeze(Look* look, PyArrayObject* input, PyObject* const* args) {
  int place;
  if (look->ndim == kMostDims || !PyArray_IS_C_CONTIGUOUS(input)) return false;
  if (!read_dim(args[0], look->ndim + 1, &place)) return false;
  std::copy_backward(look->lengths + place, look->lengths + look->ndim,
                     look->lengths + look->ndim + 1);
  look->lengths[place] = 1;
  ++look->ndim;
  look->make_contiguous(PyArray_ITEMSIZE(input));
  return true;
}

bool transpose(Look* look, PyArrayObject*, PyObject* const* dims) {
  int first, second;
  if (!read_dim(dims[0], look->ndim, &first) || !read_dim(dims[1], look->ndim, &second)) {
    return false;
  }
  std::swap(look->lengths[first], look->lengths[second]);
  std::swap(look->steps[first], look->steps[second]);
  return true;
}

// A matrix transposed.
bool turn(Look* look, PyArrayObject*, PyObject* const*) {
  if (look->ndim > 2) return false;
  std::reverse(look->lengths, look->lengths + look->ndim);
  std::reverse(look->steps, look->steps + look->ndim);
  return true;
}

bool permute(Look* look, PyArrayObject* input, PyObject* const* args) {
  PyObject* dims = args[0];
  if (!PyTuple_CheckExact(dims) || PyTuple_GET_SIZE(dims) != look->ndim) return false;
  unsigned seen = 0;
  for (int i = 0; i < look->ndim; ++i) {
    int place;
    if (!read_dim(PyTuple_GET_ITEM(dims, i), look->ndim, &place)) return false;
    if ((seen >> place & 1U) != 0) return false;
    seen |= 1U << place;
    look->lengths[i] = PyArray_DIM(input, place);
    look->steps[i] = PyArray_STRIDE(input, place);
  }
  return true;
}

bool expand(Look* look, PyArrayObject* input, PyObject* const* args) {
  PyObject* sizes = args[0];
  if (!PyTuple_CheckExact(sizes)) return false;
  const Py_ssize_t ndim = PyTuple_GET_SIZE(sizes);
  const Py_ssize_t more = ndim - look->ndim;
  if (more < 0 || ndim > kMostDims) return false;
  for (int i = 0; i < ndim; ++i) {
    Py_ssize_t length;
    if (!read_size(PyTuple_GET_ITEM(sizes, i), &length) || length < -1) return false;
    const npy_intp own = i < more ? -1 : PyArray_DIM(input, i - more);
    if (length == -1) length = own;
    if (length < 0 || (own != -1 && own != 1 && own != length)) return false;
    look->lengths[i] = length;
    look->steps[i] = length == own ? PyArray_STRIDE(input, i - more) : 0;
  }
  look->ndim = static_cast<int>(ndim);
  return true;
}

bool select(Look* look, PyArrayObject*, PyObject* const* args) {
  int place;
  Py_ssize_t index;
  if (!read_dim(args[0], look->ndim, &place) || !read_size(args[1], &index)) return false;
  const npy_intp length = look->lengths[place];
  if (index < -length || index >= length) return false;
  look->begin += (index < 0 ? index + length : index) * look->steps[place];
  look->remove(place);
  return true;
}

bool slice(Look* look, PyArrayObject*, PyObject* const* args) {
  int place;
  Py_ssize_t start, stop, step;
  if (!read_dim(args[0], look->ndim, &place)) return false;
  if (!read_size(args[1], &start) || !read_size(args[2], &stop) || !read_size(args[3], &step)) {
    return false;
  }
  if (step <= 0) return false;
  const Py_ssize_t count = PySlice_AdjustIndices(look->lengths[place], &start, &stop, step);
  if (count > 0) {
    look->begin += start * look->steps[place];
    look->steps[place] *= step;
  }
  look->lengths[place] = count;
  return true;
}

bool alias(Look*, PyArrayObject*, PyObject* const*) { return true; }

// The view that `Find` makes of the first argument by the others.
template <bool (*Find)(Look*, PyArrayObject*, PyObject* const*)>
PyObject* look(PyObject* const* args) {
  PyArrayObject* input = as_array(args[0]);
  if (PyArray_NDIM(input) > kMostDims) return nullptr;
  Look found(input);
  if (!Find(&found, input, args + 1)) return nullptr;
  PyArray_Descr* dtype = PyArray_DESCR(input);
  Py_INCREF(dtype);
  Ref out(PyArray_NewFromDescr(&PyArray_Type, dtype, found.ndim, found.lengths, found.steps,
                               found.begin, PyArray_FLAGS(input) & NPY_ARRAY_WRITEABLE, nullptr));
  if (!out || PyArray_SetBaseObject(as_array(out.get()), Py_NewRef(input)) != 0) return nullptr;
  return out.release();
}

}  // namespace

const NamedShortcut kViewShortcuts[] = {
    {"_view", look<reshape>},
    {"_reshape_alias", look<reshape>},
    {"transpose", look<transpose>},
    {"permute", look<permute>},
    {"expand", look<expand>},
    {"select", look<select>},
    {"_slice", look<slice>},
    {"unsqueeze", look<unsqueeze>},
    {"_alias", look<alias>},
    {"t", look<turn>},
    {nullptr, nullptr},
};

}  // namespace penlight
