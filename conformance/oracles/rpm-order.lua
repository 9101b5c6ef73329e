-- Reads lines of two versions with a tab between them; prints how rpm orders each.
for line in io.lines(PAIRS) do
  local a, b = line:match('^(.*)\t(.*)$')
  local ok, order = pcall(function() return rpm.ver(a) == rpm.ver(b) and 0 or (rpm.ver(a) < rpm.ver(b) and -1 or 1) end)
  print((ok and order or '!') .. '\n')
end
