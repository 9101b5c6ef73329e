#!/usr/bin/env bash
# Renders each overlay of k8s/ and checks the result, and the static pod of the KMS plugin, against the Kubernetes API
# schemas, unknown fields refused.
# Needs python3 with venv for the package kubernetes-validate, and kubectl ≥ 1.27 or Go, with which kustomize is built.
set -euo pipefail
cd "$(dirname "$0")/.."
state=${GABION_STATE:-.gabion}
mkdir -p "$state"
skip() { echo "SKIPPED k8s manifests: $*"; exit 0; }
command -v python3 >/dev/null || skip 'python3 is not installed'

# Debian's kubectl is too old to know `labels` of a kustomization.
minor=$(kubectl version --client 2>/dev/null | sed -n 's/^Client Version: v1\.\([0-9]*\).*/\1/p')
if [ "${minor:-0}" -ge 27 ]; then
  kustomize=(kubectl kustomize)
elif command -v go >/dev/null; then
  [ -x "$state/kustomize" ] || GOBIN=$(cd "$state" && pwd) go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
  kustomize=("$state/kustomize" build)
else
  skip 'neither kubectl ≥ 1.27 nor Go is installed'
fi
if [ ! -x "$state/k8s-validate/bin/kubernetes-validate" ]; then
  python3 -m venv "$state/k8s-validate"
  "$state/k8s-validate/bin/pip" --quiet --disable-pip-version-check install kubernetes-validate==1.37.0
fi
for overlay in k8s/overlays/*/; do
  rendered="$state/$(basename "$overlay").yaml"
  "${kustomize[@]}" "$overlay" > "$rendered"
  "$state/k8s-validate/bin/kubernetes-validate" --strict --quiet "$rendered"
  # A selector that no pod template carries selects nothing: the schema cannot see that.
  grep -q 'app.kubernetes.io/part-of: gabion' "$rendered"
  echo "ok $overlay: $(grep -c '^kind:' "$rendered") resources"
done
"$state/k8s-validate/bin/kubernetes-validate" --strict --quiet k8s/kms-plugin/static-pod.yaml
echo 'ok k8s/kms-plugin/static-pod.yaml'
