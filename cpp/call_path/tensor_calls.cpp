#define NO_IMPORT_ARRAY
#include "call_path/tensor_calls.hpp"

#include <structmember.h>

#include <algorithm>
#include <initializer_list>

#include "call_path/call_path.hpp"
#include "call_path/objects.hpp"
#include "call_path/small_arrays.hpp"

namespace penlight {
namespace {

enum class Which : int { kView, kReshape, kGetItem };

constexpr int kMostPaths = 5;

// How many paths a call needs.
Py_ssize_t count_of(Which which) { return which == Which::kGetItem ? 5 : 1; }

struct TensorCall {
  PyObject_HEAD vectorcallfunc vectorcall;
  Which which;
  PyObject* find;     // called once; gives the ops' paths
  PyObject* watched;  // a list; while it has entries, Python makes all nodes
  PyObject* paths[kMostPaths];
};

Ref leave() { return Ref::borrowed(Py_None); }

// Calls an op's path on a tensor and at most four sizes.
Ref call(PyObject* path, PyObject* tensor, std::initializer_list<Py_ssize_t> sizes) {
  PyObject* args[5] = {tensor};
  size_t count = 1;
  bool made = true;
  for (const Py_ssize_t size : sizes) {
    args[count] = PyLong_FromSsize_t(size);
    made = made && args[count] != nullptr;
    ++count;
  }
  Ref result;
  if (made) result = Ref(PyObject_Vectorcall(path, args, count, nullptr));
  for (size_t i = 1; i < count; ++i) Py_XDECREF(args[i]);
  return result;
}

// ---- x.view(…), x.reshape(…) --------------------------------------------------------------------

// The ints of f(2, 3) or f((2, 3)) as a tuple; null without an exception where it is neither.
Ref sizes_of(PyObject* given) {
  PyObject* sizes = given;
  if (PyTuple_GET_SIZE(given) == 1) {
    PyObject* only = PyTuple_GET_ITEM(given, 0);
    if (PyTuple_Check(only) || PyList_Check(only)) sizes = only;
  }
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(sizes);
  if (sizes == given && count == 0) return Ref();
  PyObject** items = PySequence_Fast_ITEMS(sizes);
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!PyLong_CheckExact(items[i])) return Ref();
  }
  if (PyTuple_CheckExact(sizes)) return Ref::borrowed(sizes);
  Ref tuple(PyTuple_New(count));
  for (Py_ssize_t i = 0; tuple && i < count; ++i) {
    PyTuple_SET_ITEM(tuple.get(), i, Py_NewRef(items[i]));
  }
  return tuple;
}

// Puts the length that is meant by a -1 in its place; null without an exception where none fits.
Ref inferred(Ref sizes, npy_intp numel) {
  Py_ssize_t known = 1, unknown = -1;
  const Py_ssize_t count = PyTuple_GET_SIZE(sizes.get());
  for (Py_ssize_t i = 0; i < count; ++i) {
    Py_ssize_t size;
    if (!read_size(PyTuple_GET_ITEM(sizes.get(), i), &size) || size < -1) return Ref();
    if (size == -1 && unknown >= 0) return Ref();
    if (size == -1) {
      unknown = i;
    } else if (__builtin_mul_overflow(known, size, &known)) {
      return Ref();
    }
  }
  if (unknown < 0) return known == numel ? std::move(sizes) : Ref();
  if (known == 0 || numel % known != 0) return Ref();
  Ref whole(PyTuple_New(count));
  for (Py_ssize_t i = 0; whole && i < count; ++i) {
    PyTuple_SET_ITEM(whole.get(), i, Py_NewRef(PyTuple_GET_ITEM(sizes.get(), i)));
  }
  PyObject* length = whole ? PyLong_FromSsize_t(numel / known) : nullptr;
  if (length == nullptr || PyTuple_SetItem(whole.get(), unknown, length) != 0) return Ref();
  return whole;
}

Ref in_shape(const TensorCall& self, PyObject* tensor, PyObject* given) {
  PyArrayObject* array = as_array(plain_array(tensor));
  if (array == nullptr || !PyTuple_CheckExact(given)) return leave();
  Ref sizes = sizes_of(given);
  if (sizes && self.which == Which::kReshape) {
    if (!PyArray_IS_C_CONTIGUOUS(array)) return leave();
    sizes = inferred(std::move(sizes), PyArray_SIZE(array));
  }
  if (!sizes) return PyErr_Occurred() ? Ref() : leave();
  PyObject* args[2] = {tensor, sizes.get()};
  return Ref(PyObject_Vectorcall(self.paths[0], args, 2, nullptr));
}

// ---- x[…] ---------------------------------------------------------------------------------------

// The order of the paths in ops/indexing.py.
enum Path { kAlias, kSelect, kSlice, kUnsqueeze, kIndex };

enum class Item { kInt, kSlice, kNone, kEllipsis, kIndices, kOther };

Item item_of(PyObject* object) {
  if (PyLong_CheckExact(object)) return Item::kInt;
  if (PySlice_Check(object)) return Item::kSlice;
  if (object == Py_None) return Item::kNone;
  if (object == Py_Ellipsis) return Item::kEllipsis;
  PyObject* array = plain_array(object);
  const bool indices = array != nullptr && PyArray_NDIM(as_array(array)) > 0 &&
                       PyArray_TYPE(as_array(array)) == NPY_INT64;
  return indices ? Item::kIndices : Item::kOther;
}

// How many dimensions a key takes up; -1 where it holds what Python must look at.
int taken_by(PyObject* const* items, Py_ssize_t count) {
  int taken = 0, ellipses = 0;
  for (Py_ssize_t i = 0; i < count; ++i) {
    switch (item_of(items[i])) {
      case Item::kInt:
      case Item::kSlice:
      case Item::kIndices:
        ++taken;
        break;
      case Item::kEllipsis:
        ++ellipses;
        break;
      case Item::kNone:
        break;
      case Item::kOther:
        return -1;
    }
  }
  return ellipses > 1 ? -1 : taken;
}

// Applies a key item by item, as _apply_basic in ops/indexing.py does. `viewed` is None where an
// item is left to Python, null with an exception; both end it.
struct Indexing {
  const TensorCall& self;
  Ref viewed;
  Ref indices;  // a list, with None where a dimension is kept whole; null without index tensors
  int place = 0;

  npy_intp length() const { return PyArray_DIM(as_array(plain_array(viewed.get())), place); }

  void select(PyObject* item) {
    Py_ssize_t index;
    const npy_intp size = length();
    const bool found = read_size(item, &index) && index >= -size && index < size;
    viewed = found ? call(self.paths[kSelect], viewed.get(), {place, index}) : leave();
  }

  void slice(PyObject* item) {
    const auto* bounds = reinterpret_cast<PySliceObject*>(item);
    for (PyObject* bound : {bounds->start, bounds->stop, bounds->step}) {
      if (bound != Py_None && !PyLong_CheckExact(bound)) return void(viewed = leave());
    }
    Py_ssize_t start, stop, step = 1;
    if (bounds->step != Py_None && (!read_size(bounds->step, &step) || step < 1)) {
      return void(viewed = leave());
    }
    if (PySlice_Unpack(item, &start, &stop, &step) < 0) return void(viewed = Ref());
    const npy_intp size = length();
    if (start != 0 || stop < size || step != 1) {
      PySlice_AdjustIndices(size, &start, &stop, 1);
      stop = std::max(start, stop);
      viewed = call(self.paths[kSlice], viewed.get(), {place, start, stop, step});
    }
    ++place;
  }

  void index(PyObject* item) {
    if (!indices) indices = Ref(PyList_New(0));
    bool done = static_cast<bool>(indices);
    while (done && PyList_GET_SIZE(indices.get()) < place) {
      done = PyList_Append(indices.get(), Py_None) == 0;
    }
    if (!done || PyList_Append(indices.get(), item) != 0) viewed = Ref();
    ++place;
  }

  void apply(PyObject* item, int skipped) {
    switch (item_of(item)) {
      case Item::kInt:
        return select(item);
      case Item::kSlice:
        return slice(item);
      case Item::kIndices:
        return index(item);
      case Item::kNone:
        viewed = call(self.paths[kUnsqueeze], viewed.get(), {place++});
        return;
      case Item::kEllipsis:
        place += skipped;
        return;
      case Item::kOther:
        return;
    }
  }
};

Ref get_item(const TensorCall& self, PyObject* tensor, PyObject* key) {
  PyArrayObject* array = as_array(plain_array(tensor));
  if (array == nullptr) return leave();
  const bool several = PyTuple_CheckExact(key);
  PyObject* const* items = several ? PySequence_Fast_ITEMS(key) : &key;
  const Py_ssize_t count = several ? PyTuple_GET_SIZE(key) : 1;
  const int taken = taken_by(items, count);
  if (taken < 0 || taken > PyArray_NDIM(array)) return leave();
  Indexing indexing{self, Ref::borrowed(tensor), Ref()};
  for (Py_ssize_t i = 0; i < count; ++i) {
    indexing.apply(items[i], PyArray_NDIM(array) - taken);
    if (!indexing.viewed || indexing.viewed.get() == Py_None) return std::move(indexing.viewed);
  }
  if (indexing.indices) {
    PyObject* args[2] = {indexing.viewed.get(), indexing.indices.get()};
    return Ref(PyObject_Vectorcall(self.paths[kIndex], args, 2, nullptr));
  }
  if (indexing.viewed.get() == tensor) return call(self.paths[kAlias], tensor, {});
  return std::move(indexing.viewed);
}

// ---- the type -----------------------------------------------------------------------------------

// Asks for the paths, once.
bool find_paths(TensorCall* self) {
  if (self->paths[0] != nullptr) return true;
  const Ref found(PyObject_CallNoArgs(self->find));
  if (!found) return false;
  if (!PyTuple_Check(found.get()) || PyTuple_GET_SIZE(found.get()) != count_of(self->which)) {
    PyErr_SetString(PyExc_TypeError, "TensorCall: not the paths it needs");
    return false;
  }
  for (Py_ssize_t i = PyTuple_GET_SIZE(found.get()) - 1; i >= 0; --i) {
    Py_XSETREF(self->paths[i], Py_NewRef(PyTuple_GET_ITEM(found.get(), i)));
  }
  return true;
}

PyObject* tensor_call_vectorcall(PyObject* object, PyObject* const* args, size_t nargsf,
                                 PyObject* kwnames) {
  auto* self = reinterpret_cast<TensorCall*>(object);
  if (kwnames != nullptr || PyVectorcall_NARGS(nargsf) != 2) {
    PyErr_SetString(PyExc_TypeError, "TensorCall takes a tensor and what it is called with");
    return nullptr;
  }
  if (PyList_GET_SIZE(self->watched) != 0) Py_RETURN_NONE;
  if (!find_paths(self)) return nullptr;
  Ref result = self->which == Which::kGetItem ? get_item(*self, args[0], args[1])
                                              : in_shape(*self, args[0], args[1]);
  return result.release();
}

// TensorCall(which, find, watched). As paths do, they live as long as the process.
PyObject* tensor_call_new(PyTypeObject* type, PyObject* args, PyObject*) {
  int which;
  PyObject *find, *watched;
  if (!PyArg_ParseTuple(args, "iOO!", &which, &find, &PyList_Type, &watched)) return nullptr;
  if (which < 0 || which > static_cast<int>(Which::kGetItem)) {
    PyErr_SetString(PyExc_ValueError, "TensorCall: no such call");
    return nullptr;
  }
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  auto* self = reinterpret_cast<TensorCall*>(object);
  self->vectorcall = tensor_call_vectorcall;
  self->which = static_cast<Which>(which);
  self->find = Py_NewRef(find);
  self->watched = Py_NewRef(watched);
  return object;
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(TensorCall, vectorcall), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(tensor_call_new)},
                       {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                       {Py_tp_members, members},
                       {0, nullptr}};

PyType_Spec type_spec = {"penlight._kernels.TensorCall", sizeof(TensorCall), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, slots};

}  // namespace

bool add_tensor_calls(PyObject* module) {
  const Ref type(PyType_FromSpec(&type_spec));
  return type && PyModule_AddObjectRef(module, "TensorCall", type.get()) == 0;
}

}  // namespace penlight
