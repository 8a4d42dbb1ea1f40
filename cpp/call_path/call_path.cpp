#include "call_path/call_path.hpp"

#include <structmember.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "call_path/objects.hpp"
#include "call_path/shortcuts.hpp"

namespace penlight {
namespace {

// ---- what all ops share -------------------------------------------------------------------------

// The classes and functions of the generated path's namespace, and their slots.
struct Shared {
  PyTypeObject* tensor;
  Slot tensor_array, tensor_edge, tensor_view, tensor_storage, tensor_grad;
  PyObject* storage;  // the class
  Slot storage_version;
  PyTypeObject* view;
  Slot view_base, view_steps, view_made_at, view_refusal;
  PyObject* no_grad_refusal;
  PyObject* mode;
  PyObject *next_sequence, *edge_of, *version_of_any, *shapes_of;
  PyObject *silence, *silent;  // the context variable of numpy.errstate and its quiet value
  PyObject *name_grad, *name_saved, *name_out;
};

Shared shared{};

bool is_tensor(PyObject* object) { return PyObject_TypeCheck(object, shared.tensor); }

PyObject* array_of(PyObject* tensor) { return slot(tensor, shared.tensor_array); }

// 1 if gradients are recorded in this thread, 0 if not, -1 with an exception.
int recording() {
  const Ref grad(PyObject_GetAttr(shared.mode, shared.name_grad));
  return grad ? PyObject_IsTrue(grad.get()) : -1;
}

// ---- what one op is -----------------------------------------------------------------------------

constexpr int kMostParams = 16;

enum class Kind : int { kTensor, kOptional, kMaybe, kOther, kVariadic, kMany };

struct Param {
  Kind kind;
  bool promoted;
};

enum class Keeps : int { kTensor, kArgument, kOut, kExtra, kShape, kMetadata, kStep, kMany };

// One value that the node saves.
struct Saved {
  Keeps keeps;
  int param;         // whose value or metadata
  unsigned wanting;  // bits of the differentiable inputs whose rules want it; 0: always saved
  Slot slot, version, storage;
  PyObject* object;  // the name among the forward's extras, or the function that gives metadata
};

struct Spec {
  PyObject* forward;
  PyObject* keywords;  // names of the forward's keyword-only arguments, or null
  PyTypeObject* node;  // null for an op without rules
  Slot node_edges, node_sequence, node_hooks, node_shapes;  // node_shapes: -1 unless broadcast
  std::vector<Param> params;
  std::vector<int> differentiable;
  std::vector<Saved> saved;
  Shortcut shortcut;  // or null
  bool promotes, to_float, broadcast, quiet, saves, view;
  bool joint;  // the one differentiable parameter is a sequence of tensors
};

// The forward's arguments, the inputs' arrays, and the dtype they met in.
struct Call {
  PyObject* const* args;
  PyObject* arrays[kMostParams];  // borrowed; arguments that are no tensors stay themselves
  std::vector<Ref> lists;         // of arrays, for sequences of tensors
  PyArray_Descr* dtype = nullptr;
  bool has_numbers = false;
};

enum class Outcome { kDone, kLeave, kError };

// ---- forward ------------------------------------------------------------------------------------

bool is_number(PyObject* object) { return PyFloat_CheckExact(object) || PyLong_CheckExact(object); }

// Takes note of the dtype of an input that promotes; false where the others have another.
bool meets(Call* call, PyObject* array) {
  PyArray_Descr* dtype = PyArray_DESCR(as_array(array));
  if (call->dtype != nullptr && call->dtype != dtype) return false;
  call->dtype = dtype;
  return true;
}

// Finds the arrays of a sequence of tensors; leaves what is no list or tuple of them.
Outcome unwrap_many(PyObject* arg, bool promoted, Call* call, PyObject** arrays) {
  if (!PyList_CheckExact(arg) && !PyTuple_CheckExact(arg)) return Outcome::kLeave;
  Ref list(PyList_New(PySequence_Fast_GET_SIZE(arg)));
  if (!list) return Outcome::kError;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(arg); ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(arg, i);
    PyObject* array = is_tensor(item) ? array_of(item) : nullptr;
    if (item == Py_None && !promoted) {
      PyList_SET_ITEM(list.get(), i, Py_NewRef(Py_None));
      continue;
    }
    if (array == nullptr || !PyArray_CheckExact(array)) return Outcome::kLeave;
    if (promoted && !meets(call, array)) return Outcome::kLeave;
    PyList_SET_ITEM(list.get(), i, Py_NewRef(array));
  }
  *arrays = list.get();
  call->lists.push_back(std::move(list));
  return Outcome::kDone;
}

// Finds the arrays; leaves tensors of unequal dtypes, and whatever is no tensor where one must be.
Outcome unwrap(const Spec& spec, Call* call) {
  for (size_t i = 0; i < spec.params.size(); ++i) {
    PyObject* arg = call->args[i];
    const auto [kind, promoted] = spec.params[i];
    call->arrays[i] = arg;
    if (kind == Kind::kOther || kind == Kind::kVariadic) continue;
    if (kind == Kind::kMany) {
      const Outcome outcome = unwrap_many(arg, promoted, call, &call->arrays[i]);
      if (outcome != Outcome::kDone) return outcome;
    } else if (is_tensor(arg)) {
      PyObject* array = call->arrays[i] = array_of(arg);
      if (array == nullptr || !PyArray_CheckExact(array)) return Outcome::kLeave;
      if (promoted && !meets(call, array)) return Outcome::kLeave;
    } else if (kind == Kind::kTensor || (kind == Kind::kOptional && arg != Py_None)) {
      return Outcome::kLeave;
    } else if (promoted) {
      if (!is_number(arg)) return Outcome::kLeave;
      call->has_numbers = true;
    }
  }
  if (!spec.promotes) return Outcome::kDone;
  if (call->dtype == nullptr) return Outcome::kLeave;
  const bool floating = PyDataType_ISFLOAT(call->dtype);
  return floating || !(spec.to_float || call->has_numbers) ? Outcome::kDone : Outcome::kLeave;
}

Ref call_forward(const Spec& spec, const Call& call) {
  PyObject* stack[kMostParams];
  std::vector<PyObject*> spread;
  PyObject** values = stack;
  size_t count = spec.params.size();
  std::copy_n(call.arrays, count, stack);
  const size_t named = spec.keywords == nullptr ? 0 : PyTuple_GET_SIZE(spec.keywords);
  if (named == 0 && count > 0 && spec.params.back().kind == Kind::kVariadic) {
    PyObject* rest = stack[count - 1];
    spread.assign(stack, stack + count - 1);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(rest); ++i) {
      spread.push_back(PyTuple_GET_ITEM(rest, i));
    }
    values = spread.data();
    count = spread.size();
  }
  return Ref(PyObject_Vectorcall(spec.forward, values, count - named, spec.keywords));
}

// Runs the forward with NumPy's floating-point warnings off, as torch has none.
Ref call_forward_silently(const Spec& spec, const Call& call) {
  if (spec.quiet) return call_forward(spec, call);
  const Ref token(PyContextVar_Set(shared.silence, shared.silent));
  if (!token) return Ref();
  Ref result = call_forward(spec, call);
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (PyContextVar_Reset(shared.silence, token.get()) != 0) PyErr_Clear();
  PyErr_Restore(type, value, traceback);
  return result;
}

// An op that broadcasts has its errors put into torch's words by the generated path.
Outcome failed(const Spec& spec) {
  if (!spec.broadcast ||
      !(PyErr_ExceptionMatches(PyExc_ValueError) || PyErr_ExceptionMatches(PyExc_TypeError))) {
    return Outcome::kError;
  }
  PyErr_Clear();
  return Outcome::kLeave;
}

// Gives the result as an array of the dtype it should have, and what the forward saved.
Outcome run_forward(const Spec& spec, const Call& call, Ref* result, Ref* extras) {
  if (spec.shortcut != nullptr) {
    *result = Ref(spec.shortcut(call.arrays));
    if (*result) return Outcome::kDone;
    if (PyErr_Occurred()) return Outcome::kError;
  }
  *result = call_forward_silently(spec, call);
  if (!*result) return failed(spec);
  if (spec.saves) {
    *extras = Ref(PyObject_GetAttr(result->get(), shared.name_saved));
    *result = Ref(PyObject_GetAttr(result->get(), shared.name_out));
    if (!*extras || !*result) return Outcome::kError;
  }
  if (!PyArray_CheckExact(result->get())) {
    *result = Ref(PyArray_FROM_O(result->get()));
    if (!*result) return Outcome::kError;
  }
  if (spec.to_float && PyArray_DESCR(as_array(result->get())) != call.dtype) {
    Py_INCREF(call.dtype);
    *result = Ref(PyArray_CastToType(as_array(result->get()), call.dtype, 0));
    if (!*result) return Outcome::kError;
  }
  return Outcome::kDone;
}

// ---- the tensor ---------------------------------------------------------------------------------

Ref make_tensor(Ref array) {
  static PyObject* const empty = PyTuple_New(0);
  Ref tensor(PyBaseObject_Type.tp_new(shared.tensor, empty, nullptr));
  if (!tensor) return tensor;
  fill(tensor.get(), shared.tensor_array, std::move(array));
  fill(tensor.get(), shared.tensor_view, Py_None);
  fill(tensor.get(), shared.tensor_storage, Py_None);
  fill(tensor.get(), shared.tensor_grad, Py_None);
  fill(tensor.get(), shared.tensor_edge, Py_None);
  return tensor;
}

// The tensor's storage (borrowed), made now if nobody needed it before.
PyObject* storage_of(PyObject* tensor) {
  PyObject*& storage = slot(tensor, shared.tensor_storage);
  if (storage == Py_None) {
    Ref made(PyObject_CallNoArgs(shared.storage));
    if (!made) return nullptr;
    Py_SETREF(storage, made.release());
  }
  return storage;
}

// (forward, the arguments after the first), by which a view is replayed.
Ref view_step(const Spec& spec, const Call& call) {
  PyObject* last = nullptr;
  size_t count = spec.params.size() - 1;
  if (count > 0 && spec.params.back().kind == Kind::kVariadic) last = call.args[count--];
  const Py_ssize_t more = last == nullptr ? 0 : PyTuple_GET_SIZE(last);
  Ref arguments(PyTuple_New(count + more));
  if (!arguments) return arguments;
  for (size_t i = 0; i < count; ++i) {
    PyTuple_SET_ITEM(arguments.get(), i, Py_NewRef(call.args[i + 1]));
  }
  for (Py_ssize_t i = 0; i < more; ++i) {
    PyTuple_SET_ITEM(arguments.get(), count + i, Py_NewRef(PyTuple_GET_ITEM(last, i)));
  }
  return Ref(PyTuple_Pack(2, spec.forward, arguments.get()));
}

// Makes `tensor` a view of `source` by `step`: autograd/views.py, attach_view.
bool attach_view(PyObject* tensor, PyObject* source, PyObject* step) {
  PyObject* storage = storage_of(source);
  const int recorded = recording();
  if (storage == nullptr || recorded < 0) return false;
  Py_SETREF(slot(tensor, shared.tensor_storage), Py_NewRef(storage));
  PyObject* over = slot(source, shared.tensor_view);
  PyObject* refusal = recorded ? Py_None : shared.no_grad_refusal;
  Ref steps(PyTuple_Pack(1, step));
  PyObject* base = source;
  if (steps && over != Py_None) {
    base = slot(over, shared.view_base);
    if (refusal == Py_None) refusal = slot(over, shared.view_refusal);
    steps = Ref(PySequence_Concat(slot(over, shared.view_steps), steps.get()));
  }
  Ref view(shared.view->tp_alloc(shared.view, 0));
  if (!steps || !view) return false;
  fill(view.get(), shared.view_base, base);
  fill(view.get(), shared.view_steps, std::move(steps));
  fill(view.get(), shared.view_made_at, slot(storage, shared.storage_version));
  fill(view.get(), shared.view_refusal, refusal);
  Py_SETREF(slot(tensor, shared.tensor_view), view.release());
  return true;
}

// ---- the node -----------------------------------------------------------------------------------

// Where a tensor's gradient goes; None for anything else.
Ref edge_of(PyObject* object) {
  if (!is_tensor(object)) return Ref::borrowed(Py_None);
  if (slot(object, shared.tensor_view) == Py_None) {
    return Ref::borrowed(slot(object, shared.tensor_edge));
  }
  return Ref(PyObject_CallOneArg(shared.edge_of, object));
}

Ref version_of(PyObject* object) {
  if (!is_tensor(object)) return Ref(PyObject_CallOneArg(shared.version_of_any, object));
  PyObject* storage = slot(object, shared.tensor_storage);
  if (storage == Py_None) return Ref(PyLong_FromLong(0));
  return Ref::borrowed(slot(storage, shared.storage_version));
}

bool save_out(const Saved& saved, PyObject* node, PyObject* tensor) {
  PyObject* storage = storage_of(tensor);
  if (storage == nullptr) return false;
  fill(node, saved.slot, array_of(tensor));
  fill(node, saved.storage, storage);
  fill(node, saved.version, slot(storage, shared.storage_version));
  return true;
}

bool save_tensor(const Saved& saved, PyObject* node, PyObject* arg, unsigned present) {
  if (saved.wanting != 0 && (saved.wanting & present) == 0) {
    fill(node, saved.slot, Py_None);
    return true;
  }
  Ref version = version_of(arg);
  if (!version) return false;
  fill(node, saved.slot, arg);
  fill(node, saved.version, std::move(version));
  return true;
}

// Several tensors (and Nones), each with its version.
bool save_many(const Saved& saved, PyObject* node, PyObject* arg) {
  Ref tensors(PySequence_Tuple(arg));
  if (!tensors) return false;
  Ref versions(PyTuple_New(PyTuple_GET_SIZE(tensors.get())));
  for (Py_ssize_t i = 0; versions && i < PyTuple_GET_SIZE(tensors.get()); ++i) {
    Ref version = version_of(PyTuple_GET_ITEM(tensors.get(), i));
    if (!version) return false;
    PyTuple_SET_ITEM(versions.get(), i, version.release());
  }
  fill(node, saved.slot, std::move(tensors));
  fill(node, saved.version, std::move(versions));
  return slot(node, saved.version) != nullptr;
}

Ref shape_of(PyObject* array) {
  PyArrayObject* a = as_array(array);
  return Ref(PyArray_IntTupleFromIntp(PyArray_NDIM(a), PyArray_DIMS(a)));
}

Ref shapes_of(PyObject* arrays) {
  Ref shapes(PyList_New(PyList_GET_SIZE(arrays)));
  for (Py_ssize_t i = 0; shapes && i < PyList_GET_SIZE(arrays); ++i) {
    Ref shape = shape_of(PyList_GET_ITEM(arrays, i));
    if (!shape) return Ref();
    PyList_SET_ITEM(shapes.get(), i, shape.release());
  }
  return shapes;
}

Ref metadata_of(const Saved& saved, PyObject* array) {
  if (saved.keeps == Keeps::kShape && PyArray_CheckExact(array)) return shape_of(array);
  if (saved.keeps == Keeps::kShape && PyList_CheckExact(array)) return shapes_of(array);
  return Ref(PyObject_CallOneArg(saved.object, array));
}

// What backward sums to the operands' shapes: None where they are the result's.
Ref broadcast_shapes(const Spec& spec, const Call& call, PyObject* result) {
  std::vector<PyObject*> operands{nullptr};
  bool same = true;
  for (const int i : spec.differentiable) {
    PyObject* array = call.arrays[i];
    operands.push_back(array);
    same = same && (!PyArray_Check(array) || same_shape(as_array(array), as_array(result)));
  }
  if (same) return Ref::borrowed(Py_None);
  const Ref shape = shape_of(result);
  if (!shape) return Ref();
  operands[0] = shape.get();
  return Ref(PyObject_Vectorcall(shared.shapes_of, operands.data(), operands.size(), nullptr));
}

struct Made {
  PyObject *tensor, *extras, *step;
};

bool save(const Saved& saved, PyObject* node, const Call& call, const Made& made,
          unsigned present) {
  switch (saved.keeps) {
    case Keeps::kTensor:
      return save_tensor(saved, node, call.args[saved.param], present);
    case Keeps::kMany:
      return save_many(saved, node, call.args[saved.param]);
    case Keeps::kArgument:
      fill(node, saved.slot, call.args[saved.param]);
      return true;
    case Keeps::kOut:
      return save_out(saved, node, made.tensor);
    case Keeps::kStep:
      fill(node, saved.slot, made.step);
      return true;
    case Keeps::kExtra:
      slot(node, saved.slot) = PyObject_GetItem(made.extras, saved.object);
      break;
    case Keeps::kShape:
    case Keeps::kMetadata:
      fill(node, saved.slot, metadata_of(saved, call.arrays[saved.param]));
      break;
  }
  return slot(node, saved.slot) != nullptr;
}

// Makes the node and ties the tensor to it.
bool record(const Spec& spec, const Call& call, Ref edges, unsigned present, const Made& made) {
  Ref node(spec.node->tp_alloc(spec.node, 0));
  if (!node) return false;
  fill(node.get(), spec.node_edges, std::move(edges));
  fill(node.get(), spec.node_hooks, Py_None);
  slot(node.get(), spec.node_sequence) = PyObject_CallNoArgs(shared.next_sequence);
  if (slot(node.get(), spec.node_sequence) == nullptr) return false;
  if (spec.node_shapes >= 0) {
    Ref shapes = broadcast_shapes(spec, call, array_of(made.tensor));
    if (!shapes) return false;
    fill(node.get(), spec.node_shapes, std::move(shapes));
  }
  for (const Saved& saved : spec.saved) {
    if (!save(saved, node.get(), call, made, present)) return false;
  }
  Py_SETREF(slot(made.tensor, shared.tensor_edge), node.release());
  return true;
}

// The edges of a sequence of tensors as a tuple, and whether one of them leads somewhere.
Ref edges_of_many(PyObject* tensors, unsigned* present) {
  Ref edges(PyTuple_New(PySequence_Fast_GET_SIZE(tensors)));
  for (Py_ssize_t i = 0; edges && i < PyTuple_GET_SIZE(edges.get()); ++i) {
    const Ref tensor(PySequence_GetItem(tensors, i));  // another thread may shorten a list
    if (!tensor) return Ref();
    Ref edge = edge_of(tensor.get());
    if (!edge) return Ref();
    if (edge.get() != Py_None) *present = 1;
    PyTuple_SET_ITEM(edges.get(), i, edge.release());
  }
  return edges;
}

// The inputs' edges as a tuple, and which of them lead somewhere.
Ref edges_of(const Spec& spec, const Call& call, unsigned* present) {
  if (spec.joint) return edges_of_many(call.args[spec.differentiable[0]], present);
  Ref edges(PyTuple_New(spec.differentiable.size()));
  for (size_t i = 0; edges && i < spec.differentiable.size(); ++i) {
    Ref edge = edge_of(call.args[spec.differentiable[i]]);
    if (!edge) return Ref();
    if (edge.get() != Py_None) *present |= 1U << i;
    PyTuple_SET_ITEM(edges.get(), i, edge.release());
  }
  return edges;
}

Outcome run(const Spec& spec, PyObject* const* args, Ref* tensor) {
  Call call;
  call.args = args;
  if (const Outcome outcome = unwrap(spec, &call); outcome != Outcome::kDone) return outcome;
  unsigned present = 0;
  Ref edges;
  if (spec.node != nullptr) {
    edges = edges_of(spec, call, &present);
    if (!edges) return Outcome::kError;
  }
  const int recorded = present != 0 ? recording() : 0;
  if (recorded < 0) return Outcome::kError;
  // A view made without recording is a leaf where what it looks at has a history: views.py.
  if (spec.view && present != 0 && !recorded) return Outcome::kLeave;
  Ref result, extras, step;
  const Outcome outcome = run_forward(spec, call, &result, &extras);
  if (outcome != Outcome::kDone) return outcome;
  *tensor = make_tensor(std::move(result));
  if (!*tensor) return Outcome::kError;
  if (spec.view) {
    step = view_step(spec, call);
    if (!step || !attach_view(tensor->get(), args[0], step.get())) return Outcome::kError;
  }
  if (!recorded) return Outcome::kDone;
  const Made made{tensor->get(), extras.get(), step.get()};
  if (!record(spec, call, std::move(edges), present, made)) return Outcome::kError;
  return Outcome::kDone;
}

// ---- the type -----------------------------------------------------------------------------------

struct CallPath {
  PyObject_HEAD vectorcallfunc vectorcall;
  Spec* spec;
};

PyObject* call_path_vectorcall(PyObject* self, PyObject* const* args, size_t nargsf,
                               PyObject* kwnames) {
  const Spec& spec = *reinterpret_cast<CallPath*>(self)->spec;
  if (kwnames != nullptr || static_cast<size_t>(PyVectorcall_NARGS(nargsf)) != spec.params.size()) {
    return PyErr_Format(PyExc_TypeError, "CallPath takes the op's %zu arguments by position",
                        spec.params.size());
  }
  Ref tensor;
  switch (run(spec, args, &tensor)) {
    case Outcome::kDone:
      return tensor.release();
    case Outcome::kLeave:
      Py_RETURN_NONE;
    case Outcome::kError:
      break;
  }
  return nullptr;
}

// (kind, promoted) for each parameter
bool read_params(PyObject* given, Spec* spec) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); ++i) {
    int kind, promoted;
    if (!PyArg_ParseTuple(PyTuple_GET_ITEM(given, i), "ip", &kind, &promoted)) return false;
    spec->params.push_back({static_cast<Kind>(kind), promoted != 0});
  }
  return true;
}

// (keeps, parameter, wanting, slot, its version's slot, its storage's slot, object); None: no slot
bool read_saved(PyObject* given, PyObject* node, Spec* spec) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); ++i) {
    Saved saved{};
    int keeps;
    PyObject *name, *version, *storage;
    if (!PyArg_ParseTuple(PyTuple_GET_ITEM(given, i), "iiIOOOO", &keeps, &saved.param,
                          &saved.wanting, &name, &version, &storage, &saved.object)) {
      return false;
    }
    saved.keeps = static_cast<Keeps>(keeps);
    saved.slot = offset_of(node, name);
    saved.version = version == Py_None ? 0 : offset_of(node, version);
    saved.storage = storage == Py_None ? 0 : offset_of(node, storage);
    if (saved.slot < 0 || saved.version < 0 || saved.storage < 0) return false;
    if (saved.param < 0 || saved.param >= static_cast<int>(spec->params.size())) {
      PyErr_SetString(PyExc_ValueError, "CallPath: a saved value names no parameter");
      return false;
    }
    Py_INCREF(saved.object);
    spec->saved.push_back(saved);
  }
  return true;
}

bool read_differentiable(PyObject* given, Spec* spec) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); ++i) {
    const long index = PyLong_AsLong(PyTuple_GET_ITEM(given, i));
    if (index < 0 || index >= static_cast<long>(spec->params.size())) {
      if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "CallPath: no such parameter");
      return false;
    }
    spec->differentiable.push_back(static_cast<int>(index));
    spec->joint = spec->joint || spec->params[index].kind == Kind::kMany;
  }
  return true;
}

bool read_node(PyObject* node, Spec* spec) {
  spec->node_shapes = -1;
  if (node == Py_None) return true;
  spec->node = reinterpret_cast<PyTypeObject*>(Py_NewRef(node));
  return find_slot(node, "edges", &spec->node_edges) &&
         find_slot(node, "sequence", &spec->node_sequence) &&
         find_slot(node, "hooks", &spec->node_hooks) &&
         (!spec->broadcast || find_slot(node, "shapes", &spec->node_shapes));
}

// Specs live as long as the process, as ops do: neither they nor what they refer to is freed.
PyObject* call_path_new(PyTypeObject* type, PyObject* args, PyObject*) {
  if (shared.tensor == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "CallPath: prepare_call_path() comes first");
    return nullptr;
  }
  PyObject *forward, *keywords, *node, *params, *differentiable, *saved;
  const char* name;
  int promotes, to_float, broadcast, quiet, saves, view;
  if (!PyArg_ParseTuple(args, "OO!OO!O!O!spppppp", &forward, &PyTuple_Type, &keywords, &node,
                        &PyTuple_Type, &params, &PyTuple_Type, &differentiable, &PyTuple_Type,
                        &saved, &name, &promotes, &to_float, &broadcast, &quiet, &saves, &view)) {
    return nullptr;
  }
  if (PyTuple_GET_SIZE(params) == 0 || PyTuple_GET_SIZE(params) > kMostParams) {
    return PyErr_Format(PyExc_ValueError, "CallPath takes 1 to %d parameters", kMostParams);
  }
  auto spec = std::make_unique<Spec>();
  spec->forward = Py_NewRef(forward);
  spec->keywords = PyTuple_GET_SIZE(keywords) > 0 ? Py_NewRef(keywords) : nullptr;
  spec->shortcut = find_shortcut(name);
  spec->promotes = promotes != 0;
  spec->to_float = to_float != 0;
  spec->broadcast = broadcast != 0;
  spec->quiet = quiet != 0;
  spec->saves = saves != 0;
  spec->view = view != 0;
  if (!read_params(params, spec.get()) || !read_node(node, spec.get()) ||
      !read_differentiable(differentiable, spec.get()) || !read_saved(saved, node, spec.get())) {
    return nullptr;
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  reinterpret_cast<CallPath*>(self)->vectorcall = call_path_vectorcall;
  reinterpret_cast<CallPath*>(self)->spec = spec.release();
  return self;
}

PyMemberDef call_path_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(CallPath, vectorcall), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

PyType_Slot call_path_slots[] = {{Py_tp_new, reinterpret_cast<void*>(call_path_new)},
                                 {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                 {Py_tp_members, call_path_members},
                                 {0, nullptr}};

PyType_Spec call_path_spec = {"penlight._kernels.CallPath", sizeof(CallPath), 0,
                              Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, call_path_slots};

// prepare_call_path(Tensor, Storage, View, no_grad_refusal, mode, next_sequence, edge_of,
//                   version_of_any, shapes_of, silence, silent)
PyObject* prepare_call_path(PyObject*, PyObject* args) {
  PyObject *tensor, *view;
  Shared made{};
  if (!PyArg_ParseTuple(args, "OOOOOOOOOOO", &tensor, &made.storage, &view, &made.no_grad_refusal,
                        &made.mode, &made.next_sequence, &made.edge_of, &made.version_of_any,
                        &made.shapes_of, &made.silence, &made.silent)) {
    return nullptr;
  }
  made.tensor = reinterpret_cast<PyTypeObject*>(tensor);
  made.view = reinterpret_cast<PyTypeObject*>(view);
  made.name_grad = PyUnicode_InternFromString("grad");
  made.name_saved = PyUnicode_InternFromString("saved");
  made.name_out = PyUnicode_InternFromString("out");
  const bool found = find_slot(tensor, "_array", &made.tensor_array) &&
                     find_slot(tensor, "_edge", &made.tensor_edge) &&
                     find_slot(tensor, "_view", &made.tensor_view) &&
                     find_slot(tensor, "_storage", &made.tensor_storage) &&
                     find_slot(tensor, "_grad", &made.tensor_grad) &&
                     find_slot(made.storage, "version", &made.storage_version) &&
                     find_slot(view, "base", &made.view_base) &&
                     find_slot(view, "steps", &made.view_steps) &&
                     find_slot(view, "made_at", &made.view_made_at) &&
                     find_slot(view, "refusal", &made.view_refusal);
  if (!found) return nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) Py_INCREF(PyTuple_GET_ITEM(args, i));
  shared = made;
  Py_RETURN_NONE;
}

PyMethodDef prepare_definition = {"prepare_call_path", prepare_call_path, METH_VARARGS, nullptr};

}  // namespace

PyObject* plain_array(PyObject* object) {
  if (!is_tensor(object)) return nullptr;
  PyObject* array = array_of(object);
  return array != nullptr && PyArray_CheckExact(array) ? array : nullptr;
}

bool add_call_path(PyObject* module) {
  if (_import_array() < 0) return false;
  const Ref type(PyType_FromSpec(&call_path_spec));
  const Ref prepare(PyCFunction_NewEx(&prepare_definition, nullptr, nullptr));
  return type && prepare && PyModule_AddObjectRef(module, "CallPath", type.get()) == 0 &&
         PyModule_AddObjectRef(module, "prepare_call_path", prepare.get()) == 0;
}

}  // namespace penlight
