def bundles():
    return {}
