def bundles(): return {}
