"""Gives the wheel the tag of the platform whose native parts `npm run wheel` put into it."""

import os

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PlatformTag(BuildHookInterface):
    def initialize(self, version, build_data):
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{os.environ['RESUMEPROOF_WHEEL_PLATFORM']}"
