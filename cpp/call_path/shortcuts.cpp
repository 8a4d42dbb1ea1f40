#define NO_IMPORT_ARRAY
#include "call_path/shortcuts.hpp"

#include <cstring>

namespace penlight {

Shortcut find_shortcut(const char* op) {
  for (const NamedShortcut* family :
       {kElementwiseShortcuts, kIndexShortcuts, kJoinShortcuts, kPointwiseShortcuts,
        kProductShortcuts, kRowShortcuts, kSumShortcuts, kViewShortcuts}) {
    for (; family->op != nullptr; ++family) {
      if (std::strcmp(family->op, op) == 0) return family->function;
    }
  }
  return nullptr;
}

}  // namespace penlight
