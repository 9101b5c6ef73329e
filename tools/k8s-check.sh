#!/usr/bin/env bash
# Renders each overlay of k8s/ and checks the result against the Kubernetes API schemas, unknown fields refused.
# Needs kubectl, and python3 with venv for the package kubernetes-validate.
set -euo pipefail
cd "$(dirname "$0")/.."
state=${GABION_STATE:-.gabion}
mkdir -p "$state"
for need in kubectl python3; do
  command -v "$need" >/dev/null || { echo "SKIPPED k8s manifests: $need is not installed"; exit 0; }
done
if [ ! -x "$state/k8s-validate/bin/kubernetes-validate" ]; then
  python3 -m venv "$state/k8s-validate"
  "$state/k8s-validate/bin/pip" --quiet --disable-pip-version-check install kubernetes-validate==1.37.0
fi
for overlay in k8s/overlays/*/; do
  rendered="$state/$(basename "$overlay").yaml"
  kubectl kustomize "$overlay" > "$rendered"
  "$state/k8s-validate/bin/kubernetes-validate" --strict --quiet "$rendered"
  # A selector that no pod template carries selects nothing: the schema cannot see that.
  grep -q 'app.kubernetes.io/part-of: gabion' "$rendered"
  echo "ok $overlay: $(grep -c '^kind:' "$rendered") resources"
done
