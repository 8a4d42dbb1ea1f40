#define NO_IMPORT_ARRAY
#include "call_path/objects.hpp"

#include <structmember.h>

namespace penlight {

Slot offset_of(PyObject* type, PyObject* name) {
  const Ref member(PyObject_GetAttr(type, name));
  if (!member) return -1;
  if (!Py_IS_TYPE(member.get(), &PyMemberDescr_Type)) {
    PyErr_Format(PyExc_TypeError, "%R of %R is no slot", name, type);
    return -1;
  }
  return reinterpret_cast<PyMemberDescrObject*>(member.get())->d_member->offset;
}

bool find_slot(PyObject* type, const char* name, Slot* offset) {
  const Ref text(PyUnicode_FromString(name));
  if (!text) return false;
  *offset = offset_of(type, text.get());
  return *offset >= 0;
}

}  // namespace penlight
