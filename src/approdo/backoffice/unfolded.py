"""Unfold's classes under the types of the Django classes they extend: Unfold ships no types.

The rest of the back office takes them from here, so that it is checked as strictly as everything else.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline
    from django.contrib.admin import SimpleListFilter as DropdownFilter
    from django.contrib.admin import SimpleListFilter as TextFilter
    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth.admin import GroupAdmin, UserAdmin
    from django.core.paginator import Paginator as InfinitePaginator
    from django.forms import ModelForm, ModelMultipleChoiceField
else:
    from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
    from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
    from django.forms import ModelForm as DjangoModelForm
    from django.forms import ModelMultipleChoiceField as DjangoModelMultipleChoiceField
    from unfold.admin import ModelAdmin as UnfoldModelAdmin
    from unfold.admin import TabularInline as UnfoldTabularInline
    from unfold.contrib.filters.admin import DropdownFilter, TextFilter
    from unfold.paginator import InfinitePaginator
    from unfold.views import ChangeList

    class ModelAdmin(UnfoldModelAdmin):
        """Unfold's, which can also be written with its model in brackets."""

        @classmethod
        def __class_getitem__(cls, _: Any) -> type:
            return cls

    class TabularInline(UnfoldTabularInline):
        """Unfold's, which can also be written with its models in brackets."""

        @classmethod
        def __class_getitem__(cls, _: Any) -> type:
            return cls

    class UserAdmin(DjangoUserAdmin, ModelAdmin):
        """Django's behaviour, Unfold's look."""

    class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
        """Django's behaviour, Unfold's look."""

    class ModelForm(DjangoModelForm):
        """Django's, which can also be written with its model in brackets."""

        @classmethod
        def __class_getitem__(cls, _: Any) -> type:
            return cls

    class ModelMultipleChoiceField(DjangoModelMultipleChoiceField):
        """Django's, which can also be written with its model in brackets."""

        @classmethod
        def __class_getitem__(cls, _: Any) -> type:
            return cls


__all__ = [
    "ChangeList",
    "DropdownFilter",
    "GroupAdmin",
    "InfinitePaginator",
    "ModelAdmin",
    "ModelForm",
    "ModelMultipleChoiceField",
    "TabularInline",
    "TextFilter",
    "UserAdmin",
]
