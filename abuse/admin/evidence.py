"""Evidence in the admin: looked at by whoever may, changed by nobody."""

from unfold.admin import ModelAdmin


class EvidenceAdmin(ModelAdmin):
    """Read-only lists and pages, whatever permissions somebody was given; decisions have pages of their own."""

    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
