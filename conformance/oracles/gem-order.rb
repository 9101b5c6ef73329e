# Reads lines of two versions with a tab between them; prints how Gem::Version orders each.
$stdin.set_encoding('UTF-8')
$stdin.each_line(chomp: true) do |line|
  a, b = line.split("\t", -1)
  begin
    puts(Gem::Version.new(a) <=> Gem::Version.new(b))
  rescue ArgumentError
    puts '!'
  end
end
