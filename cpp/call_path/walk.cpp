// The loop of a backward walk (autograd/engine.py) over plain nodes: one output, no hooks. What
// else it meets it hands to the walk's own methods. The queue and what has arrived are the walk's
// list and dictionary, so both sides see the same.

#define NO_IMPORT_ARRAY
#include "call_path/call_path.hpp"
#include "call_path/objects.hpp"

namespace penlight {
namespace {

struct Names {
  PyObject *backward, *release, *outputs;
  PyObject *heappush, *heappop;
};

Names names{};

struct Walk {
  PyObject *arrived, *queue;
  bool keep_graph;
  PyObject *deliver, *run_with_care, *output_class;
  Slot edges, sequence, hooks;
};

// Whether a node is one of several outputs or has hooks; -1 with an exception.
int is_special(const Walk& walk, PyObject* node) {
  if (slot(node, walk.hooks) != Py_None) return 1;
  const Ref outputs(PyObject_GetAttr(node, names.outputs));
  return outputs ? outputs.get() != Py_None : -1;
}

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
  bool plain = reinterpret_cast<PyObject*>(Py_TYPE(edge)) != walk.output_class;
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
  const long long sequence = PyLong_AsLongLong(slot(edge, walk.sequence));
  if (sequence == -1 && PyErr_Occurred()) return false;
  if (sequence < 0) return true;  // a leaf: it waits until all is done
  const Ref rank(PyLong_FromLongLong(-sequence));
  const Ref item(rank ? PyTuple_Pack(2, rank.get(), edge) : nullptr);
  if (!item) return false;
  PyObject* const args[] = {walk.queue, item.get()};
  return static_cast<bool>(Ref(PyObject_Vectorcall(names.heappush, args, 2, nullptr)));
}

bool run_plain(const Walk& walk, PyObject* node, PyObject* grad) {
  const Ref edges = Ref::borrowed(slot(node, walk.edges));
  PyObject* const args[] = {node, grad, edges.get()};
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

bool run(const Walk& walk) {
  while (PyList_GET_SIZE(walk.queue) > 0) {
    Ref node, grad;
    if (!next_node(walk, &node, &grad)) return false;
    const int special = is_special(walk, node.get());
    if (special < 0) return false;
    if (special) {
      PyObject* const args[] = {node.get(), grad.get()};
      if (!Ref(PyObject_Vectorcall(walk.run_with_care, args, 2, nullptr))) return false;
    } else if (!run_plain(walk, node.get(), grad.get())) {
      return false;
    }
  }
  return true;
}

// run_nodes(arrived, queue, keep_graph, deliver, run_with_care, Node, Output)
PyObject* run_nodes(PyObject*, PyObject* args) {
  Walk walk{};
  int keep_graph;
  PyObject* node_class;
  if (!PyArg_ParseTuple(args, "O!O!pOOOO", &PyDict_Type, &walk.arrived, &PyList_Type, &walk.queue,
                        &keep_graph, &walk.deliver, &walk.run_with_care, &node_class,
                        &walk.output_class)) {
    return nullptr;
  }
  walk.keep_graph = keep_graph != 0;
  if (!find_slot(node_class, "edges", &walk.edges) ||
      !find_slot(node_class, "sequence", &walk.sequence) ||
      !find_slot(node_class, "hooks", &walk.hooks) || !run(walk)) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyMethodDef definition = {"run_nodes", run_nodes, METH_VARARGS, nullptr};

}  // namespace

bool add_walk(PyObject* module) {
  const Ref heap(PyImport_ImportModule("heapq"));
  if (!heap) return false;
  names.heappush = PyObject_GetAttrString(heap.get(), "heappush");
  names.heappop = PyObject_GetAttrString(heap.get(), "heappop");
  names.backward = PyUnicode_InternFromString("backward");
  names.release = PyUnicode_InternFromString("release");
  names.outputs = PyUnicode_InternFromString("outputs");
  const Ref function(PyCFunction_NewEx(&definition, nullptr, nullptr));
  return names.heappush != nullptr && names.heappop != nullptr && function &&
         PyModule_AddObjectRef(module, "run_nodes", function.get()) == 0;
}

}  // namespace penlight
