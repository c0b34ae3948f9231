<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/iceresponse">
<html lang="en" xml:lang="en">
<head>
<title>Response - icecast-lb</title>
<!-- By these words programs know the page. -->
<meta name="description" content="Icecast2 Admin"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<link rel="stylesheet" type="text/css" href="/style.css"/>
<link rel="icon" type="image/png" href="/icecast.png"/>
</head>
<body>
<header id="top">
<h1 id="header">icecast-lb</h1>
<nav id="menu" aria-label="Pages"><ul class="navigation"><li class="active"><a href="listmounts.xsl">Mounts</a></li></ul></nav>
</header>
<main>
<h2>Response</h2>
<div class="roundbox message" role="status">
<p>Message: <xsl:value-of select="message"/></p>
<p>Return Code: <xsl:value-of select="return"/></p>
<xsl:if test="moved"><p>Listeners moved: <xsl:value-of select="moved"/></p></xsl:if>
</div>
<p><a class="back" href="listmounts.xsl">Back to the mountpoints</a></p>
</main>
</body>
</html>
</xsl:template>
</xsl:stylesheet>
