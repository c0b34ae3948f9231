<!-- The cluster as this server sees it.  The page is empty: cluster.js fills it. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Cluster - icecast-lb</title>
<!-- By these words programs know the page. -->
<meta name="description" content="Icecast2 Admin"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<link rel="stylesheet" type="text/css" href="/style.css"/>
<link rel="icon" type="image/png" href="/icecast.png"/>
<script src="cluster.js" defer="defer"></script>
</head>
<body>
<header id="top">
<h1 id="header">icecast-lb</h1>
<nav id="menu" aria-label="Pages"><ul class="navigation"><li class="active"><a href="cluster.xsl" aria-current="page">Nodes</a></li></ul></nav>
</header>
<main>
<h2>Cluster</h2>
<section class="roundbox">
<p class="about" id="news" role="status">Asking the server&#8230;</p>
<noscript><p>This page needs scripts. What it shows is in <a href="cluster.json">cluster.json</a>.</p></noscript>
<ul class="tiles" id="totals" hidden="hidden">
<li><strong id="total-listeners">&#8211;</strong> listeners</li>
<li><strong id="total-nodes">&#8211;</strong> nodes are up</li>
<li><strong id="total-mounts">&#8211;</strong> mounts</li>
<li><strong id="total-redirects">&#8211;</strong> redirects</li>
</ul>
</section>
<section id="nodes-part" hidden="hidden">
<h2>Nodes</h2>
<div class="roundbox">
<table class="colortable" id="nodes">
<thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Listeners</th><th scope="col">Load</th><th scope="col">Report</th><th scope="col">Action</th></tr></thead>
<tbody></tbody>
</table>
</div>
</section>
<section id="masters-part" hidden="hidden">
<h2>Masters of this node</h2>
<div class="roundbox">
<table class="colortable" id="masters">
<thead><tr><th scope="col">Master</th><th scope="col">Link</th><th scope="col">Round trip</th><th scope="col">Streams</th><th scope="col">Redirects here</th></tr></thead>
<tbody></tbody>
</table>
</div>
</section>
<section id="mounts-part" hidden="hidden">
<h2>Mounts</h2>
<div class="roundbox">
<table class="colortable" id="mounts">
<thead><tr><th scope="col">Mount</th><th scope="col">Listeners</th><th scope="col">kbit/s</th><th scope="col">Carried by</th></tr></thead>
<tbody></tbody>
</table>
</div>
</section>
<section id="explain-part" hidden="hidden">
<h2>Where would a listener be sent?</h2>
<div class="roundbox">
<form class="alignedform" id="explain">
<p><label>Mount<input type="text" name="mount" required="required" autocomplete="off"/></label></p>
<p><label>Address<input type="text" name="ip" placeholder="203.0.113.9" autocomplete="off"/></label></p>
<p><label>User agent<input type="text" name="ua" placeholder="VLC" autocomplete="off"/></label></p>
<p><label class="tick"><input type="checkbox" name="https" value="1"/> asked by https</label></p>
<p><button type="submit">Explain</button></p>
</form>
<p id="answer" role="status"></p>
<table class="colortable" id="draw" hidden="hidden">
<thead><tr><th scope="col">Node</th><th scope="col">Candidate</th><th scope="col">Carries it</th><th scope="col">Load</th><th scope="col">Room</th></tr></thead>
<tbody></tbody>
</table>
</div>
</section>
</main>
</body>
</html>
</xsl:template>
</xsl:stylesheet>
