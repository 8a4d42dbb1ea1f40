// The loop of a backward walk (autograd/engine.py) over nodes without hooks, and its end at leaves
// that have no gradient yet. What else it meets it hands to the walk's own methods. The queue and
// what has arrived are the walk's list and dictionary, so both sides see the same.

#define NO_IMPORT_ARRAY
#include "call_path/call_path.hpp"
#include "call_path/objects.hpp"

namespace penlight {
namespace {

struct Names {
  PyObject *backward, *release, *outputs, *array;
  PyObject *heappush, *heappop;
};

Names names{};

// The classes that a walk meets, and their slots.
struct Classes {
  PyObject *output = nullptr, *leaf = nullptr, *tensor = nullptr;
  Slot edges, sequence, hooks;                   // of a node
  Slot reference, post_hooks;                    // of a leaf's node
  Slot array, tensor_edge, view, storage, grad;  // of a tensor
};

Classes classes{};

struct Walk {
  PyObject *arrived, *queue;
  bool keep_graph, create_graph;
  PyObject *deliver, *run_with_care, *finish_leaf;
};

// Takes the newest node from the queue, with the gradient that has arrived at it.
bool next_node(const Walk& walk, Ref* node, Ref* grad) {
  const Ref item(PyObject_CallOneArg(names.heappop, walk.queue));
  if (!item) return false;
  *node = Ref::borrowed(PyTuple_GetItem(item.get(), 1));
  if (!*node) return false;
  *grad = Ref::borrowed(PyDict_GetItemWithError(walk.arrived, node->get()));
  if (!*grad) {
    if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, node->get());
    return false;
  }
  return PyDict_DelItem(walk.arrived, node->get()) == 0;
}

// Adds a gradient to what has arrived where `edge` leads.
bool send(const Walk& walk, PyObject* edge, PyObject* grad) {
  bool plain = reinterpret_cast<PyObject*>(Py_TYPE(edge)) != classes.output;
  if (plain) {
    const Ref outputs(PyObject_GetAttr(edge, names.outputs));
    if (!outputs) return false;
    plain = outputs.get() == Py_None;
  }
  if (plain) {
    const int met = PyDict_Contains(walk.arrived, edge);
    if (met < 0) return false;
    plain = met == 0;
  }
  if (!plain) {
    PyObject* const args[] = {edge, grad};
    return static_cast<bool>(Ref(PyObject_Vectorcall(walk.deliver, args, 2, nullptr)));
  }
  if (PyDict_SetItem(walk.arrived, edge, grad) != 0) return false;
  const long long sequence = PyLong_AsLongLong(slot(edge, classes.sequence));
  if (sequence == -1 && PyErr_Occurred()) return false;
  if (sequence < 0) return true;  // a leaf: it waits until all is done
  const Ref rank(PyLong_FromLongLong(-sequence));
  const Ref item(rank ? PyTuple_Pack(2, rank.get(), edge) : nullptr);
  if (!item) return false;
  PyObject* const args[] = {walk.queue, item.get()};
  return static_cast<bool>(Ref(PyObject_Vectorcall(names.heappush, args, 2, nullptr)));
}

// The gradients of a node's several outputs, as a tuple. Those that hold less than their array yet
// (decision 13) make it when it is asked for.
Ref written_out(PyObject* grads) {
  Ref all(PySequence_Tuple(grads));
  if (!all) return {};
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(all.get()); ++i) {
    PyObject* grad = PyTuple_GET_ITEM(all.get(), i);
    if (grad != Py_None && !Ref(PyObject_GetAttr(grad, names.array))) return {};
  }
  return all;
}

bool run_plain(const Walk& walk, PyObject* node, PyObject* grads) {
  const Ref edges = Ref::borrowed(slot(node, classes.edges));
  PyObject* const args[] = {node, grads, edges.get()};
  const Ref given(PyObject_VectorcallMethod(names.backward, args, 3, nullptr));
  if (!given) return false;
  const Ref results(PySequence_Tuple(given.get()));
  if (!results) return false;
  const Py_ssize_t count = PyTuple_GET_SIZE(edges.get());
  if (PyTuple_GET_SIZE(results.get()) != count) {
    PyErr_Format(PyExc_ValueError, "%R gave %zd gradients for %zd edges", node,
                 PyTuple_GET_SIZE(results.get()), count);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* edge = PyTuple_GET_ITEM(edges.get(), i);
    PyObject* result = PyTuple_GET_ITEM(results.get(), i);
    if (edge != Py_None && result != Py_None && !send(walk, edge, result)) return false;
  }
  if (walk.keep_graph) return true;
  return static_cast<bool>(Ref(PyObject_CallMethodNoArgs(node, names.release)));
}

bool run_node(const Walk& walk, PyObject* node, PyObject* grads) {
  if (slot(node, classes.hooks) != Py_None) {
    PyObject* const args[] = {node, grads};
    return static_cast<bool>(Ref(PyObject_Vectorcall(walk.run_with_care, args, 2, nullptr)));
  }
  const Ref outputs(PyObject_GetAttr(node, names.outputs));
  if (!outputs) return false;
  if (outputs.get() == Py_None) return run_plain(walk, node, grads);
  const Ref all = written_out(grads);
  return all && run_plain(walk, node, all.get());
}

// Whether a gradient that nobody else has can be a leaf's as it is: a tensor of its own memory,
// laid out as the leaf's.
bool fits(PyObject* grad, PyObject* leaf) {
  if (Py_REFCNT(grad) != 1 || reinterpret_cast<PyObject*>(Py_TYPE(grad)) != classes.tensor ||
      slot(grad, classes.storage) != Py_None || slot(grad, classes.tensor_edge) != Py_None ||
      slot(grad, classes.view) != Py_None || slot(grad, classes.grad) != Py_None) {
    return false;
  }
  PyObject *own = slot(grad, classes.array), *like = slot(leaf, classes.array);
  if (own == nullptr || like == nullptr || Py_REFCNT(own) != 1) return false;
  PyArrayObject *a = as_array(own), *b = as_array(like);
  return PyArray_BASE(a) == nullptr && PyArray_DESCR(a) == PyArray_DESCR(b) && same_shape(a, b) &&
         PyArray_CompareLists(PyArray_STRIDES(a), PyArray_STRIDES(b), PyArray_NDIM(a));
}

// Gives a leaf its first gradient; false where the walk must do it. No other thread comes between,
// as nothing here lets go of the GIL.
bool give_first(const Walk& walk, PyObject* node, PyObject* grad) {
  if (walk.create_graph || reinterpret_cast<PyObject*>(Py_TYPE(node)) != classes.leaf ||
      slot(node, classes.hooks) != Py_None || slot(node, classes.post_hooks) != Py_None) {
    return false;
  }
  const Ref leaf(PyObject_CallNoArgs(slot(node, classes.reference)));
  if (!leaf) {
    PyErr_Clear();
    return false;
  }
  if (leaf.get() == Py_None || slot(leaf.get(), classes.tensor_edge) != node ||
      slot(leaf.get(), classes.grad) != Py_None || !fits(grad, leaf.get())) {
    return false;
  }
  Py_SETREF(slot(leaf.get(), classes.grad), Py_NewRef(grad));
  return true;
}

bool finish_leaves(const Walk& walk) {
  const Py_ssize_t count = PyDict_GET_SIZE(walk.arrived);
  Py_ssize_t at = 0;
  PyObject *node, *grad;
  while (PyDict_Next(walk.arrived, &at, &node, &grad)) {
    if (give_first(walk, node, grad)) continue;
    const Ref held_node = Ref::borrowed(node), held_grad = Ref::borrowed(grad);
    PyObject* const args[] = {node, grad};
    if (!Ref(PyObject_Vectorcall(walk.finish_leaf, args, 2, nullptr))) return false;
    if (PyDict_GET_SIZE(walk.arrived) != count) {
      PyErr_SetString(PyExc_RuntimeError, "the walk changed while its leaves were visited");
      return false;
    }
  }
  return true;
}

bool run(const Walk& walk) {
  while (PyList_GET_SIZE(walk.queue) > 0) {
    Ref node, grads;
    if (!next_node(walk, &node, &grads) || !run_node(walk, node.get(), grads.get())) return false;
  }
  return finish_leaves(walk);
}

// prepare_walk(Node, Output, AccumulateGrad, Tensor): names the classes that walks meet.
PyObject* prepare_walk(PyObject*, PyObject* args) {
  PyObject *node, *output, *leaf, *tensor;
  if (!PyArg_ParseTuple(args, "OOOO", &node, &output, &leaf, &tensor)) return nullptr;
  Classes found{};
  if (!find_slot(node, "edges", &found.edges) || !find_slot(node, "sequence", &found.sequence) ||
      !find_slot(node, "hooks", &found.hooks) || !find_slot(leaf, "_reference", &found.reference) ||
      !find_slot(leaf, "post_hooks", &found.post_hooks) ||
      !find_slot(tensor, "_array", &found.array) ||
      !find_slot(tensor, "_edge", &found.tensor_edge) || !find_slot(tensor, "_view", &found.view) ||
      !find_slot(tensor, "_storage", &found.storage) || !find_slot(tensor, "_grad", &found.grad)) {
    return nullptr;
  }
  found.output = Py_NewRef(output);
  found.leaf = Py_NewRef(leaf);
  found.tensor = Py_NewRef(tensor);
  classes = found;
  Py_RETURN_NONE;
}

// run_nodes(arrived, queue, keep_graph, create_graph, deliver, run_with_care, finish_leaf)
PyObject* run_nodes(PyObject*, PyObject* args) {
  Walk walk{};
  int keep_graph, create_graph;
  if (!PyArg_ParseTuple(args, "O!O!ppOOO", &PyDict_Type, &walk.arrived, &PyList_Type, &walk.queue,
                        &keep_graph, &create_graph, &walk.deliver, &walk.run_with_care,
                        &walk.finish_leaf)) {
    return nullptr;
  }
  if (classes.tensor == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "prepare_walk was not called");
    return nullptr;
  }
  walk.keep_graph = keep_graph != 0;
  walk.create_graph = create_graph != 0;
  if (!run(walk)) return nullptr;
  Py_RETURN_NONE;
}

PyMethodDef definitions[] = {{"prepare_walk", prepare_walk, METH_VARARGS, nullptr},
                             {"run_nodes", run_nodes, METH_VARARGS, nullptr}};

}  // namespace

bool add_walk(PyObject* module) {
  const Ref heap(PyImport_ImportModule("heapq"));
  if (!heap) return false;
  names.heappush = PyObject_GetAttrString(heap.get(), "heappush");
  names.heappop = PyObject_GetAttrString(heap.get(), "heappop");
  names.backward = PyUnicode_InternFromString("backward");
  names.release = PyUnicode_InternFromString("release");
  names.outputs = PyUnicode_InternFromString("outputs");
  names.array = PyUnicode_InternFromString("_array");
  if (names.heappush == nullptr || names.heappop == nullptr) return false;
  for (PyMethodDef& definition : definitions) {
    const Ref function(PyCFunction_NewEx(&definition, nullptr, nullptr));
    if (!function || PyModule_AddObjectRef(module, definition.ml_name, function.get()) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace penlight
